/** Homographies: 3 x 3 matrices, as lists of rows, that take points of one picture to points of another. */

/** Where a matrix takes a point; `null` for a point beyond its horizon. */
export function through(matrix, [x, y]) {
  const [across, down, weight] = matrix.map(([a, b, c]) => a * x + b * y + c);
  return weight > 1e-9 ? [across / weight, down / weight] : null;
}

/** The matrix that takes points back. */
export function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const adjugate = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  const determinant = a * adjugate[0][0] + b * adjugate[1][0] + c * adjugate[2][0];
  return adjugate.map((row) => row.map((value) => value / determinant));
}

/** How many units of length there are, after a matrix, for one at a point before it. */
export function enlargement(matrix, [x, y]) {
  const [here, right, below] = [through(matrix, [x, y]), through(matrix, [x + 1, y]), through(matrix, [x, y + 1])];
  if (!here || !right || !below) return 1;
  return Math.sqrt(
    Math.abs((right[0] - here[0]) * (below[1] - here[1]) - (right[1] - here[1]) * (below[0] - here[0])),
  );
}

/** The matrix that fits one size into another, in its middle. */
export function fitting(inner, outer) {
  const scale = Math.min(outer.width / inner.width, outer.height / inner.height);
  return [
    [scale, 0, (outer.width - scale * inner.width) / 2],
    [0, scale, (outer.height - scale * inner.height) / 2],
    [0, 0, 1],
  ];
}

/** A matrix as a transform of CSS, about the origin 0 0. */
export function cssTransform([[a, b, c], [d, e, f], [g, h, i]]) {
  return `matrix3d(${[a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, i].map((value) => value / i).join(",")})`;
}

/** The corners of a picture. */
export function corners({ width, height }) {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
}
