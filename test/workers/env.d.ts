declare namespace Cloudflare {
  interface Env extends Readonly<import("../../durable-objects/env.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
