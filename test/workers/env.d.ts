declare namespace Cloudflare {
  interface Env extends Readonly<import("../../durable-objects/cloudflare/env.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
