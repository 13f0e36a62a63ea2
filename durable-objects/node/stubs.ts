import { type EdgeObjects, type ObjectName, objectMethods, objectsBy } from "../../src/rpc/objects.ts";

export interface StubPorts {
  call(kind: ObjectName, name: string, method: string, asked: readonly unknown[]): Promise<unknown>;
  /** Requests a socket. */
  connect(kind: ObjectName, name: string, headers: Headers): Promise<Response>;
}

export function stubsBy(ports: StubPorts): EdgeObjects {
  return objectsBy((kind, name) => {
    const methods = Object.keys(objectMethods[kind]).map((method) => [
      method,
      (...asked: readonly unknown[]) => ports.call(kind, name, method, asked),
    ]);
    const fetch = (request: string | Request, init?: RequestInit) =>
      ports.connect(kind, name, request instanceof Request ? request.headers : new Headers(init?.headers));
    return { ...Object.fromEntries(methods), fetch };
  });
}
