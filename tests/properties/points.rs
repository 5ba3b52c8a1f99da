//! Named points.

use unpick::Run;
use unpick::sim::{point, spawn, task};

#[test]
fn a_point_is_passed_where_it_stands() {
    let outcome = Run::new().plain().traced().execute(|| async {
        let reader = task().named("reader").spawn(async {
            point!("read");
            point!("write").await;
            point!("done");
        });
        reader.await
    });
    let text = outcome.trace.expect("it is traced").to_text();
    let points: Vec<&str> = text.lines().filter(|line| line.contains("  point ")).collect();
    let points: Vec<_> =
        points.iter().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let of = |label| vec!["0.000", "main.1", "reader", "point", label];
    // The awaited one is an operation first, and is passed when that is executed.
    assert_eq!(points, [of("read"), of("write"), of("done")].map(Vec::from));
}

#[test]
fn only_an_awaited_point_lets_others_in() {
    let arities = |is_awaited: bool| {
        let run = Run::new().plain().execute(move || async move {
            let other = spawn(async {});
            if is_awaited {
                point!("here").await;
            } else {
                point!("here");
            }
            other.await
        });
        run.tape.len()
    };
    assert_eq!((arities(false), arities(true)), (0, 1));
}

#[test]
fn outside_of_a_run_a_point_is_nothing() {
    point!("nowhere");
    futures::executor::block_on(async { point!("nowhere").await });
}
