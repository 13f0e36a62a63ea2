/** The cookies of a browser, as far as its pages at this server need them. */
export class BrowserCookies {
  readonly #kept = new Map<string, { readonly value: string; readonly path: string }>();

  /** Keeps what an answer sets. */
  keep(response: Response): void {
    for (const text of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      const [, path = "/"] = /; Path=([^;]+)/.exec(text) ?? [];
      if (value === "") this.#kept.delete(name);
      else this.#kept.set(name, { value, path });
    }
  }

  /** Those that go with a request. */
  for(path: string): string {
    const fitting = [...this.#kept].filter(([, cookie]) => path.startsWith(cookie.path));
    return fitting.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }
}
