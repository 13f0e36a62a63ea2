import {
  type Answering,
  type EdgeObjects,
  type ObjectName,
  objectMethods,
  type Platformed,
} from "../src/rpc/objects.ts";

/** Of each object, the methods that a test has a use for. */
export type SomeObjects = {
  readonly [Name in ObjectName]?: (
    ...of: Parameters<EdgeObjects[Name]>
  ) => Partial<Answering<Omit<ReturnType<EdgeObjects[Name]>, "id">>> & Pick<Platformed, "id">;
};

/** Objects that have these methods; all others of the list reject. */
export function fakeObjects(some: SomeObjects): EdgeObjects {
  const objects = Object.entries(objectMethods).map(([name, methods]) => {
    const get = some[name as ObjectName] as ((...of: readonly unknown[]) => object) | undefined;
    const missing = Object.keys({ fetch: "", ...methods }).map((method) => [
      method,
      () => Promise.reject(new Error(`no ${method} of ${name} is in this world`)),
    ]);
    const none: Readonly<Record<string, unknown>> = Object.fromEntries(missing);
    const handler: ProxyHandler<object> = {
      get: (object, method) => {
        const own: unknown = Reflect.get(object, method);
        return typeof own === "function"
          ? async (...asked: readonly unknown[]) => own.call(object, ...asked)
          : (own ?? none[String(method)]);
      },
    };
    return [name, (...of: readonly unknown[]) => new Proxy(get?.(...of) ?? {}, handler)];
  });
  return Object.fromEntries(objects);
}

/** The same objects; each call of them is noted, with its method and what was asked. */
export function noted(objects: EdgeObjects, note: (call: string) => void): EdgeObjects {
  const all = Object.entries(objects).map(([name, get]) => {
    const noting = (...of: readonly string[]) =>
      new Proxy((get as (...of: readonly string[]) => object)(...of), {
        get: (object, method) => {
          const own: unknown = Reflect.get(object, method);
          if (typeof own !== "function") return own;
          return (...asked: readonly unknown[]) => {
            note(`${name} ${of.filter(Boolean)}: ${String(method)} ${JSON.stringify(asked)}`);
            return own.apply(object, asked);
          };
        },
      });
    return [name, noting];
  });
  return Object.fromEntries(all);
}
