/**
 * A moment as people write it: date and time in ISO 8601, a date alone (its start here), or a time of the day here (`02:40`, `02:40:15`, `02:40:15.5`), the last one
 * that is not after `now`, or with `notBefore` the first one that is not before that. In milliseconds since 1970; `null` for anything else.
 */
export function clockTime(text: string, now: number, notBefore?: number): number | null {
  const [, hour, minute, second = "0"] = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d{1,3})?))?$/.exec(text) ?? [];
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(`${text}T00:00`) || null;
  if (hour === undefined) return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) || null : null;
  const moment = new Date(notBefore ?? now);
  moment.setHours(Number(hour), Number(minute), 0, Math.round(Number(second) * 1_000));
  if (notBefore === undefined && moment.getTime() > now) moment.setDate(moment.getDate() - 1);
  if (notBefore !== undefined && moment.getTime() < notBefore) moment.setDate(moment.getDate() + 1);
  return moment.getTime();
}
