//! What is pinned: whoever changes one of these numbers changes every seed and every snapshot
//! that anybody has written down. They hold in debug and in release.

use unpick::sim::Run;
use unpick::sim::seed::RunId;

use crate::support::programs::{Form, Size, execute, generate};
use crate::{MODES, run_in};

const RUN: RunId = RunId::new(0x5eed, 41);

#[test]
fn the_traces_of_some_programs_are_pinned() {
    let hashes = [(1, Size::Small), (3, Size::Medium), (6, Size::Medium), (4, Size::Large)].map(
        |(seed, size)| {
            let program = generate(seed, size, Form::Free);
            MODES.map(|mode| {
                let executed = execute(run_in(mode).id(RUN).traced(), &program);
                executed.outcome.trace.expect("the run is traced").hash()
            })
        },
    );
    assert_eq!(hashes, HASHES, "{hashes:#x?}");
}

const HASHES: [[u64; 4]; 4] = [
    [0xfabe_3c15_3aba_004e, 0xc4a0_90d1_4bd7_5f0e, 0x1e0e_5666_5d38_3cdc, 0xa97f_0061_c449_890b],
    [0x7b92_e13a_4f07_ce5c, 0x9a10_2c49_a617_fc5d, 0xf379_5509_3a0d_3266, 0x82f3_1dcc_72e8_7e97],
    [0x15d0_bb79_2a45_e912, 0x9478_ece0_d20b_bb15, 0x15d0_bb79_2a45_e912, 0x9478_ece0_d20b_bb15],
    [0xd072_f2d8_856e_9ccf, 0x8411_adb9_7870_2b01, 0x2a53_6aec_9552_4557, 0xa409_4da0_ede7_dfba],
];

#[test]
fn the_choices_of_a_program_are_pinned() {
    let program = generate(5, Size::Large, Form::Balanced);
    let tape = execute(Run::new().id(RUN), &program).outcome.tape;
    let choices = tape.choices[..20].iter().map(|choice| (choice.arity(), choice.taken()));
    assert_eq!(choices.collect::<Vec<_>>(), CHOICES);
}

const CHOICES: [(u32, u32); 20] = [
    (10, 6),
    (10, 3),
    (10, 4),
    (10, 4),
    (10, 9),
    (10, 2),
    (10, 3),
    (10, 9),
    (10, 5),
    (10, 7),
    (10, 7),
    (9, 3),
    (8, 0),
    (8, 7),
    (8, 7),
    (9, 4),
    (9, 5),
    (9, 7),
    (8, 4),
    (7, 4),
];
