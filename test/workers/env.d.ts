declare namespace Cloudflare {
  interface Env extends Readonly<import("../../durable-objects/platform/platform.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
