/** Numbers, sizes and dates as people read them. */

const numbers = new Intl.NumberFormat();
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** `12,345` */
export function number(value) {
  return numbers.format(value);
}

/** `1 file`, `2 files` */
export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** `3.4 MB` */
export function bytes(size) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${at && size < 100 ? size.toFixed(1) : number(Math.round(size))} ${units[at]}`;
}

/** `4000 × 3000` */
export function pixels(width, height) {
  return `${width} × ${height}`;
}

/** An ISO date and time, or nothing. */
export function day(iso) {
  return formatted(iso, dates);
}

/** An ISO date and time with its time of the day, or nothing. */
export function moment(iso) {
  return formatted(iso, times);
}

function formatted(iso, format) {
  if (!iso) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : format.format(date);
}

/** `8 s`, `2 min 5 s`, `1 h 3 min` */
export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const VERDICTS = { exact: "Same picture", copy: "Copy", similar: "Similar" };

/** What a verdict is called. */
export function verdict(name) {
  return VERDICTS[name] ?? name;
}
