import { type EdgeObjects, type ObjectName, objectMethods, objectsBy } from "../../src/rpc/objects.ts";

export interface StubPorts {
  call(kind: ObjectName, name: string, method: string, asked: readonly unknown[]): Promise<unknown>;
  /** Requests a socket. */
  connect(kind: ObjectName, name: string, headers: Headers): Promise<Response>;
}

class Stub {
  readonly ports: StubPorts;
  readonly kind: ObjectName;
  readonly name: string;

  constructor(ports: StubPorts, kind: ObjectName, name: string) {
    this.ports = ports;
    this.kind = kind;
    this.name = name;
  }

  fetch(request: string | Request, init?: RequestInit): Promise<Response> {
    const headers = request instanceof Request ? request.headers : new Headers(init?.headers);
    return this.ports.connect(this.kind, this.name, headers);
  }
}

/** A stub class for each kind, with its methods. */
const classes = new Map(
  Object.entries(objectMethods).map(([kind, methods]) => {
    class StubOfKind extends Stub {}
    for (const method of Object.keys(methods)) {
      Object.defineProperty(StubOfKind.prototype, method, {
        value(this: Stub, ...asked: readonly unknown[]) {
          return this.ports.call(this.kind, this.name, method, asked);
        },
      });
    }
    return [kind as ObjectName, StubOfKind];
  }),
);

export function stubsBy(ports: StubPorts): EdgeObjects {
  return objectsBy((kind, name) => new (classes.get(kind) ?? Stub)(ports, kind, name));
}
