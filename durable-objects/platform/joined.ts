type Joined<Parts> = Parts extends readonly [infer First, ...infer Rest]
  ? First & Omit<Joined<Rest>, keyof First>
  : unknown;

/** One object with the methods of all parts. Where several parts have a method, the first one's counts. */
export function joined<Parts extends readonly [object, ...object[]]>(...parts: Parts): Joined<Parts> {
  const [first] = parts;
  return new Proxy(first, {
    get: (_, name) => {
      const part = parts.find((one) => name in one) ?? first;
      const value: unknown = Reflect.get(part, name);
      return typeof value === "function" ? value.bind(part) : value;
    },
  }) as Joined<Parts>;
}
