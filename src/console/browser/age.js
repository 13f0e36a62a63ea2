/**
 * Formats a duration: `8 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. Browsers get this function, too.
 *
 * @param {number} ms
 * @returns {string}
 */
export function ageOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (minutes === undefined || hours === undefined || days === undefined || minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  const [large, small] = days === 0 ? [`${hours} h`, minutes % 60] : [`${days} d`, hours % 24];
  if (small === 0) return large;
  return `${large} ${small} ${days === 0 ? "min" : "h"}`;
}
