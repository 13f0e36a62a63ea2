/**
 * A text as one segment of a path. No spelling of `.` and `..` reaches a server there, so they go as the texts `%2E` and `%2E%2E`, which
 * no id of WebEx can be: none has a `%`.
 */
export function segmentOf(text: string): string {
  return encodeURIComponent(/^\.{1,2}$/.test(text) ? text.replaceAll(".", "%2E") : text);
}

/** The text of a segment that is decoded. */
export function textOfSegment(segment: string): string {
  return /^(?:%2E){1,2}$/.test(segment) ? segment.replaceAll("%2E", ".") : segment;
}
