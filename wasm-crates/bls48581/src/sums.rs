//! Many sums of points of G1 at once, in affine coordinates with one inversion per round (Montgomery's
//! trick): six products per addition instead of eleven. Public values only.

use crate::fp::Fp;
use crate::g1::{G1Affine, G1Projective};
use crate::lanes::Arithmetic;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{LANES, Lanes};
use crate::tower::Tower;

/// The inverses of all values with one inversion; `None` when one of them is 0.
pub(crate) fn invert_all(values: &[Fp]) -> Option<Vec<Fp>> {
    let mut product = <Fp as Tower>::ONE;
    let mut out: Vec<Fp> = values
        .iter()
        .map(|value| {
            let before = product;
            product = Tower::mul(&product, value);
            before
        })
        .collect();
    if Tower::is_zero(&product) {
        return None;
    }
    let mut inverse = Tower::invert(&product, true);
    for (before, value) in out.iter_mut().zip(values).rev() {
        *before = Tower::mul(before, &inverse);
        inverse = Tower::mul(&inverse, value);
    }
    Some(out)
}

/// The end of an addition of a and b: the third point of the line with this slope, mirrored.
#[inline]
fn finish<F: Arithmetic>(slope: &F, a_x: &F, a_y: &F, b_x: &F) -> (F, F) {
    let x = slope.sqr().sub(&a_x.add(b_x));
    let y = slope.mul(&a_x.sub_loose(&x)).sub(a_y);
    (x, y)
}

/// `a_i + b_i`; `None` when two have the same x.
pub(crate) fn add_all(pairs: &[(&G1Affine, &G1Affine)]) -> Option<Vec<G1Affine>> {
    #[cfg(target_arch = "x86_64")]
    if pairs.len() >= LANES && Lanes::available() {
        return add_lanes(pairs);
    }
    let differences: Vec<Fp> = pairs.iter().map(|(a, b)| b.x.sub_loose(&a.x)).collect();
    let inverses = invert_all(&differences)?;
    let sums = pairs.iter().zip(&inverses).map(|((a, b), inverse)| {
        let slope = Tower::mul(&b.y.sub_loose(&a.y), inverse);
        let (x, y) = finish(&slope, &a.x, &a.y, &b.x);
        G1Affine { x, y }
    });
    Some(sums.collect())
}

/// The coordinates of eight additions; the last pair fills up.
#[cfg(target_arch = "x86_64")]
struct Eight {
    a_x: Lanes,
    a_y: Lanes,
    b_x: Lanes,
    /// b_y - a_y.
    rise: Lanes,
    /// The product of the differences of x of all before.
    before: Lanes,
}

/// [`add_all`], eight at a time.
#[cfg(target_arch = "x86_64")]
fn add_lanes(pairs: &[(&G1Affine, &G1Affine)]) -> Option<Vec<G1Affine>> {
    let mut product = Lanes::all(&<Fp as Tower>::ONE);
    let mut eights = Vec::with_capacity(pairs.len().div_ceil(LANES));
    for pairs in pairs.chunks(LANES) {
        let (first, last) = (pairs.first()?, pairs.len() - 1);
        let lanes: [_; LANES] = core::array::from_fn(|at| pairs.get(at.min(last)).unwrap_or(first));
        let [a_x, a_y, b_x, b_y] = [
            lanes.map(|(a, _)| a.x),
            lanes.map(|(a, _)| a.y),
            lanes.map(|(_, b)| b.x),
            lanes.map(|(_, b)| b.y),
        ]
        .map(|elements| Lanes::from_elements(&elements));
        let (before, rise) = (product, b_y.sub(&a_y));
        product = product.mul(&b_x.sub(&a_x));
        eights.push(Eight {
            a_x,
            a_y,
            b_x,
            rise,
            before,
        });
    }
    let inverses: [Fp; LANES] = invert_all(&product.to_elements())?.try_into().ok()?;
    let mut inverse = Lanes::from_elements(&inverses);
    let mut sums = vec![[(<Fp as Tower>::ZERO, <Fp as Tower>::ZERO); LANES]; eights.len()];
    for (eight, sums) in eights.iter().zip(&mut sums).rev() {
        let slope = eight.rise.mul(&eight.before.mul(&inverse));
        inverse = inverse.mul(&eight.b_x.sub(&eight.a_x));
        let (x, y) = finish(&slope, &eight.a_x, &eight.a_y, &eight.b_x);
        let (x, y) = (x.to_elements(), y.to_elements());
        *sums = core::array::from_fn(|at| (x[at], y[at]));
    }
    let sums = sums
        .iter()
        .flatten()
        .map(|(x, y)| G1Affine { x: *x, y: *y });
    Some(sums.take(pairs.len()).collect())
}

/// `2 a_i`, in place; `None` when one has order 2.
pub(crate) fn double_all(points: &mut [G1Affine]) -> Option<()> {
    let doubles: Vec<Fp> = points.iter().map(|a| Tower::dbl(&a.y)).collect();
    for (point, inverse) in points.iter_mut().zip(&invert_all(&doubles)?) {
        let square = Tower::sqr(&point.x);
        let slope = Tower::mul(&Tower::add(&Tower::dbl(&square), &square), inverse);
        let (x, y) = finish(&slope, &point.x, &point.y, &point.x);
        *point = G1Affine { x, y };
    }
    Some(())
}

/// Points that are added together: more would leave the cache.
const CHUNK: usize = 768;

/// The sums of consecutive groups of points of G1; group i has `lengths[i]` of them, and the identity
/// is the sum of none. Points beyond the groups are not counted.
pub(crate) fn sum_groups(points: &[G1Affine], lengths: &[usize]) -> Vec<G1Projective> {
    let (mut sums, mut points) = (Vec::with_capacity(lengths.len()), points);
    let mut lengths = lengths;
    while !lengths.is_empty() {
        let (mut groups, mut count) = (0, 0);
        for length in lengths {
            if groups > 0 && count + length > CHUNK {
                break;
            }
            groups += 1;
            count += length;
        }
        let (these, later) = lengths.split_at(groups);
        let (chunk, rest) = points.split_at(count.min(points.len()));
        sums.extend(sum_chunk(chunk, these));
        (points, lengths) = (rest, later);
    }
    sums
}

/// [`sum_groups`] of what fits in the cache.
fn sum_chunk(points: &[G1Affine], lengths: &[usize]) -> Vec<G1Projective> {
    sum_affine(points, lengths).unwrap_or_else(|| {
        let mut rest = points.iter();
        let groups = lengths.iter().map(|length| {
            let group = rest.by_ref().take(*length);
            group.fold(G1Projective::IDENTITY, |sum, point| sum.add_affine(point))
        });
        groups.collect()
    })
}

/// The same by halving every group until one point is left; `None` when two points to be added have
/// the same x, which the complete formulas then handle.
fn sum_affine(points: &[G1Affine], lengths: &[usize]) -> Option<Vec<G1Projective>> {
    let mut lengths = lengths.to_vec();
    let mut points = points.to_vec();
    while lengths.iter().any(|length| *length > 1) {
        points = halve_groups(&points, &mut lengths)?;
    }
    let mut rest = points.iter();
    let sums = lengths.iter().map(|length| match length {
        0 => Some(G1Projective::IDENTITY),
        _ => rest.next().map(|point| point.to_projective()),
    });
    sums.collect()
}

/// Adds the points of every group in pairs; an odd one stays.
fn halve_groups(points: &[G1Affine], lengths: &mut [usize]) -> Option<Vec<G1Affine>> {
    let mut pairs = Vec::with_capacity(points.len() / 2);
    let mut rest = points;
    for length in lengths.iter() {
        let (group, others) = rest.split_at_checked(*length)?;
        rest = others;
        pairs.extend(group.as_chunks::<2>().0.iter().map(|[a, b]| (a, b)));
    }
    let mut sums = add_all(&pairs)?.into_iter();
    let (mut next, mut rest) = (Vec::with_capacity(points.len() / 2 + lengths.len()), points);
    for length in lengths.iter_mut() {
        let (group, others) = rest.split_at_checked(*length)?;
        rest = others;
        next.extend(sums.by_ref().take(*length / 2));
        if *length % 2 == 1 {
            next.extend(group.last());
        }
        *length = length.div_ceil(2);
    }
    Some(next)
}

/// The affine forms of all points, `None` for the identity, with one inversion.
#[must_use]
pub fn to_affine_all(points: &[G1Projective]) -> Vec<Option<G1Affine>> {
    let denominators: Vec<Fp> = points
        .iter()
        .map(|point| {
            if point.is_identity() {
                <Fp as Tower>::ONE
            } else {
                point.z
            }
        })
        .collect();
    let inverses = invert_all(&denominators).unwrap_or_default();
    let affine = points.iter().zip(&inverses).map(|(point, inverse)| {
        (!point.is_identity()).then(|| G1Affine {
            x: Tower::mul(&point.x, inverse),
            y: Tower::mul(&point.y, inverse),
        })
    });
    affine.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g1;

    fn multiples(count: u128) -> Vec<G1Affine> {
        (1..=count)
            .map(|i| {
                g1::generator()
                    .to_projective()
                    .multiply_public(i)
                    .to_affine(true)
                    .expect("not the identity")
            })
            .collect()
    }

    fn is_multiple(sum: &G1Projective, by: u128) -> bool {
        match (
            sum.to_affine(true),
            g1::generator()
                .to_projective()
                .multiply_public(by)
                .to_affine(true),
        ) {
            (Some(a), Some(b)) => a.equals(&b),
            (None, None) => true,
            _ => false,
        }
    }

    #[test]
    fn groups_add_up() {
        let points = multiples(11);
        let sums = sum_groups(&points, &[1, 0, 7, 3]);
        for (sum, expected) in sums.iter().zip([1, 0, 35, 30]) {
            assert!(is_multiple(sum, expected));
        }
    }

    #[test]
    fn equal_and_opposite_points_add_up() {
        let [a, b, c] = multiples(3).try_into().expect("three");
        let sums = sum_groups(&[a, a, b, b.negate(), a, b, c, c], &[2, 2, 4]);
        for (sum, expected) in sums.iter().zip([2, 0, 9]) {
            assert!(is_multiple(sum, expected));
        }
    }

    #[test]
    fn affine_forms_of_many() {
        let points: Vec<G1Projective> = multiples(3)
            .iter()
            .map(|p| p.to_projective().dbl())
            .collect();
        let all = [points[0], G1Projective::IDENTITY, points[2]];
        let affine = to_affine_all(&all);
        assert!(affine[1].is_none());
        assert!(affine[2].expect("a point").equals(&multiples(6)[5]));
    }
}
