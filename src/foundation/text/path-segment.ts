/** A text as one segment of a path; `.` and `..` reach no server, and go as `%2E` and `%2E%2E`, which no id is. */
export function segmentOf(text: string): string {
  return encodeURIComponent(/^\.{1,2}$/.test(text) ? text.replaceAll(".", "%2E") : text);
}

export function textOfSegment(segment: string): string {
  return /^(?:%2E){1,2}$/.test(segment) ? segment.replaceAll("%2E", ".") : segment;
}

/**
 * Whether a URL that was made of a request's target has the target's path. A URL takes dot segments out and turns backslashes,
 * and a proxy in front has judged the target as it came.
 */
export function keepsPath(url: URL, target: string): boolean {
  return url.pathname === target.replace(/\?.*$/s, "");
}
