/** The difference of two pictures after their alignment. */

import { enlargement, inverse } from "./homography.js";

const LEAST = 32; // pixels of the shorter side that is worked with

/**
 * A canvas with the absolute difference of two loaded images, color by color, over the frame of the first: black where
 * both are alike, and transparent where the second shows nothing.
 *
 * `first` and `second` are `{image, width, height}`, with the size of the file in pixels; `matrix` takes pixels of the
 * second file to pixels of the first. Both are compared at the coarser of the two resolutions.
 */
export function difference(first, second, matrix) {
  const toSecond = inverse(matrix);
  const density =
    (enlargement(toSecond, [first.width / 2, first.height / 2]) * second.image.naturalWidth) / second.width;
  const least = LEAST / Math.min(first.width, first.height);
  const scale = Math.max(least, Math.min(first.image.naturalWidth / first.width, density));
  const one = pixels(first.image, first.width * scale, first.height * scale);
  const shrunk = (Math.min(1, scale / density) * second.image.naturalWidth) / second.width;
  const other = pixels(second.image, second.width * shrunk, second.height * shrunk);
  return subtract(one, other, scaled(toSecond, 1 / scale, shrunk));
}

/** The pixels of an image at another size. */
function pixels(image, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** A matrix between pictures whose pixels are `before` and `after` times as large. */
function scaled(matrix, before, after) {
  return matrix.map((row, at) => {
    const factor = at < 2 ? after : 1;
    return [row[0] * before * factor, row[1] * before * factor, row[2] * factor];
  });
}

function subtract(one, other, matrix) {
  const canvas = document.createElement("canvas");
  canvas.width = one.width;
  canvas.height = one.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const result = context.createImageData(one.width, one.height);
  const [[a, b, c], [d, e, f], [g, h, i]] = matrix;
  for (let row = 0, at = 0; row < one.height; row += 1) {
    for (let column = 0; column < one.width; column += 1, at += 4) {
      const [x, y] = [column + 0.5, row + 0.5];
      const weight = g * x + h * y + i;
      const left = (a * x + b * y + c) / weight - 0.5;
      const top = (d * x + e * y + f) / weight - 0.5;
      if (weight > 0 && sample(other, left, top, result.data, at)) {
        for (let color = 0; color < 3; color += 1)
          result.data[at + color] = Math.abs(one.data[at + color] - result.data[at + color]);
        result.data[at + 3] = 255;
      }
    }
  }
  context.putImageData(result, 0, 0);
  return canvas;
}

/** Put the color between pixels (bilinear) into `into` at a place; gives whether it lies in the picture. */
function sample({ data, width, height }, x, y, into, at) {
  if (!(x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5)) return false;
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const [across, down] = [Math.max(0, x - left), Math.max(0, y - top)];
  for (let color = 0; color < 3; color += 1) {
    const upper =
      data[4 * (top * width + left) + color] * (1 - across) + data[4 * (top * width + right) + color] * across;
    const lower =
      data[4 * (bottom * width + left) + color] * (1 - across) + data[4 * (bottom * width + right) + color] * across;
    into[at + color] = upper * (1 - down) + lower * down;
  }
  return true;
}
