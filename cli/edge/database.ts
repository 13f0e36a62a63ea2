/** Whether a state is a database, and no folder. */
export function isDatabase(state: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(state);
}

/** A database as people name it: without user, password and options. */
export function placeOfDatabase(url: string): string {
  return url.replace(/\/\/.*@/, "//").replace(/\?.*/s, "");
}

/** What is wrong with the URL, in a sentence's end, without its password; `null`: nothing that can be seen without asking. */
export function faultOfDatabase(url: string): string | null {
  if (!isDatabase(url)) return "must be a database as postgresql://…";
  const [, begin = "", hosts = "", rest = ""] = /^([^:]+:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/s.exec(url) ?? [];
  if (/[@#]|%(?![\da-f]{2})/i.test(begin.slice(0, -1) + hosts + rest))
    return "has a letter in its password that a URL writes otherwise: `@` as %40, `/` %2F, `?` %3F, `#` %23, `%` %25";
  const isHost = (host: string) => host !== "" && URL.canParse(`http://${host}/`);
  if (!hosts.split(",").every(isHost) && !/[?&]host=/.test(rest))
    return "must name a host, or several with a comma between them, as in db-1,db-2:5433";
  // They would replace those that end the session of an edge that is silent.
  if (/[?&]options=/.test(rest)) return "must not set options of the session: the edge sets its own";
  return /^\/[^/?]+(?:\?|$)/.test(rest)
    ? null
    : "must end with the name of a database, as in postgresql://db-1/bridgehead";
}
