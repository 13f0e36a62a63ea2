/** The platform's, with the flag `nodejs_als`; its types have none. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<Store> {
    run<Value>(store: Store, run: () => Value): Value;
    getStore(): Store | undefined;
  }
}
