use unpick_primitives::task::{Instant, as_completed, sleep, timeout};

use super::{Notes, plain, seconds};

#[test]
fn outputs_come_in_the_order_in_which_futures_return() {
    plain(|| async {
        let mut outputs = as_completed([3, 1, 2].map(|delay| async move {
            sleep(seconds(delay)).await;
            delay
        }));
        let mut seen = Vec::new();
        while let Some(output) = outputs.join_next().await {
            seen.push((output.expect("nobody aborts it"), Instant::now().to_string()));
        }
        assert_eq!(seen, [(1, "1.000".into()), (2, "2.000".into()), (3, "3.000".into())]);
        assert!(outputs.is_empty());
    });
}

#[test]
fn outputs_that_nobody_waits_for_are_kept() {
    plain(|| async {
        let mut outputs = as_completed([2, 1].map(|number| async move { number }));
        sleep(seconds(1)).await;
        assert_eq!(outputs.len(), 2);
        assert_eq!(outputs.join_next().await, Some(Ok(2)));
        assert_eq!(outputs.join_next().await, Some(Ok(1)));
        assert_eq!(outputs.join_next().await, None);
    });
}

#[test]
fn giving_up_on_the_next_one_loses_nothing_and_dropping_all_leaves_them_running() {
    let notes = Notes::default();
    plain(|| async {
        let inner = notes.clone();
        let mut outputs = as_completed([2, 4].map(|delay| {
            let notes = inner.clone();
            async move {
                sleep(seconds(delay)).await;
                notes.add(format!("{delay} returned"));
                delay
            }
        }));
        assert!(timeout(seconds(1), outputs.join_next()).await.is_err());
        assert_eq!(outputs.join_next().await, Some(Ok(2)));
        drop(outputs);
        sleep(seconds(9)).await;
    });
    notes.check(&["2 returned", "4 returned"]);
}
