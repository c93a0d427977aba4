/** Gauss–Legendre quadrature on [0, 1]: with `n` points, integrals of polynomials below degree 2n come out exact. */

export interface Quadrature {
  /** Inside (0, 1), never at its ends. */
  readonly points: Float64Array;
  readonly weights: Float64Array;
  /** 1 − point. */
  readonly away: Float64Array;
  /** −weight / (1 − point): the derivative of `zero · (1 − t)` over itself, weighed. */
  readonly pullAway: Float64Array;
}

/** The zeros of the Legendre polynomial by Newton's method (Press et al., Numerical Recipes, §4.6). */
export function gaussLegendre(count: number): Quadrature {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let value = 1;
      let before = 0;
      for (let degree = 0; degree < count; degree++) {
        const older = before;
        before = value;
        value = ((2 * degree + 1) * x * before - degree * older) / (degree + 1);
      }
      slope = (count * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (Math.abs(move) < 1e-16) break;
    }
    points[i] = (1 - x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  const away = points.map((point) => 1 - point);
  const pullAway = weights.map((weight, i) => -weight / away[i]!);
  return { points, weights, away, pullAway };
}
