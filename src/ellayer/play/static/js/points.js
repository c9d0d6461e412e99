// Points of the data: a mark and a colour per class; those of the test set are hollow.

import { palette, traceMark } from "./palette.js";

/** @typedef {(point: number[]) => number[]} Place */

const COLOURS_OF_NUMBERS = 24;

/** A radius that suits the number of points. @param {number} count */
export function pointRadius(count) {
  return Math.max(1.5, Math.min(5, 7.4 - 1.45 * Math.log10(Math.max(10, count))));
}

/**
 * @param {CanvasRenderingContext2D} context @param {import("./types.js").Data} data @param {number[][]} points
 * @param {Place} place @param {number} radius @param {boolean} isHollow
 */
export function drawPoints(context, data, points, place, radius, isHollow) {
  for (const [group, members] of grouped(data, points)) {
    const colour = data.task === "numbers" ? palette.numberColour(group / COLOURS_OF_NUMBERS) : palette.classColour(group);
    context.beginPath();
    for (const point of members) {
      const [x, y] = place(point);
      traceMark(context, data.task === "numbers" ? 0 : group, x, y, radius);
    }
    context.lineJoin = "round";
    if (isHollow) {
      context.fillStyle = palette.halo;
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1, radius * 0.42);
      context.fill();
      context.stroke();
    } else {
      context.strokeStyle = palette.halo;
      context.lineWidth = Math.max(0.8, radius * 0.5);
      context.stroke();
      context.fillStyle = colour;
      context.fill();
    }
  }
}

/** Points by class, or by steps of their number: each group is one path. @param {import("./types.js").Data} data @param {number[][]} points */
function grouped(data, points) {
  const [low, high] = data.target_range ?? [0, 1];
  /** @type {Map<number, number[][]>} */
  const groups = new Map();
  for (const point of points) {
    const share = (point[2] - low) / (high - low || 1);
    const group = data.task === "numbers" ? Math.round(Math.min(1, Math.max(0, share)) * COLOURS_OF_NUMBERS) : point[2];
    const members = groups.get(group);
    if (members) members.push(point);
    else groups.set(group, [point]);
  }
  return groups;
}

/**
 * The point nearest to a place of the picture, null if none is near.
 * @param {number[][]} points @param {number[]} pixels @param {Place} place @param {number} reach
 */
export function nearestPoint(points, [x, y], place, reach) {
  /** @type {number[]|null} */
  let best = null;
  let distance = reach;
  for (const point of points) {
    const [px, py] = place(point);
    const here = Math.hypot(px - x, py - y);
    if (here < distance) [best, distance] = [point, here];
  }
  return best;
}
