//! The move of a training by averaging.

use super::parallel::map_pair;
use crate::AveragedMove;

/// The size of a chunk of work.
const CHUNK: usize = 32 * 1024;

/// `y ← y + c·(z - y) + a·u` and `z ← z + η·u`, with the z from before in the first.
///
/// Each number is rounded as it is by one operation after the other.
pub(crate) fn advance(y: &mut [f32], z: &mut [f32], u: &[f32], by: AveragedMove) {
    let (share, point, iterate) = (by.share as f32, by.point as f32, by.iterate as f32);
    map_pair(
        y,
        z,
        CHUNK,
        #[inline(always)]
        |number, y, z| {
            let u = &u[number * CHUNK..][..y.len()];
            for ((y, z), &u) in y.iter_mut().zip(z).zip(u) {
                *y = *y + share * (*z - *y) + point * u;
                *z += iterate * u;
            }
        },
    );
}

/// The first move, with `z = y` before it: the new z replaces `y`, and the new y replaces `u`.
pub(crate) fn begin(y: &mut [f32], u: &mut [f32], by: AveragedMove) {
    let (point, iterate) = (by.point as f32, by.iterate as f32);
    map_pair(
        y,
        u,
        CHUNK,
        #[inline(always)]
        |_, y, u| {
            for (y, u) in y.iter_mut().zip(u) {
                let (z, along) = (*y, *u);
                *u = z + point * along;
                *y = z + iterate * along;
            }
        },
    );
}
