import { reset } from "cloudflare:test";
import { afterEach } from "vitest";

// Storage is shared by the tests of a file, and a socket left open would block the next file for ever.
afterEach(async () => {
  await reset();
});
