/** The port that an environment variable names, or else the given one. `fail` is told, in one line, what to put right. */
export function portFrom(variable: string, otherwise: number, fail: (problem: string) => never): number {
  const text = process.env[variable] || String(otherwise);
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  return fail(`${variable} is "${text}"; it must be a port from 1 to 65535, for example ${otherwise}`);
}
