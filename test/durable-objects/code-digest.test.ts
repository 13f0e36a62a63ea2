import { expect, test } from "vitest";
import { digestUnderToken, newDigest } from "../../durable-objects/code-digest.ts";

test("equal texts have equal digests under one key, and others under the next", async () => {
  const [one, other] = [await newDigest(), await newDigest()];

  expect(await one("94711001")).toBe(await one("94711001"));
  expect(await one("94711001")).not.toBe(await one("94711002"));
  expect(await other("94711001")).not.toBe(await one("94711001"));
  expect(atob(await one("94711001"))).toHaveLength(32);
});

test.each(["OPERATOR_TOKEN", "OPERATORS"])("under %s, a secret has the same digest in each life", async (name) => {
  const of = async (token: string, text: string) => (await digestUnderToken({ [name]: token }))(text);

  expect(await of("token", "tulip-7")).toBe(await of("token", "tulip-7"));
  expect(await of("token", "tulip-7")).not.toBe(await of("token", "tulip-8"));
  expect(await of("other", "tulip-7")).not.toBe(await of("token", "tulip-7"));
});

test("without a token or people, all secrets are alike", async () => {
  const of = async (text: string) => (await digestUnderToken({ OPERATOR_TOKEN: "" }))(text);

  expect(await of("tulip-7")).toBe(await of("tulip-8"));
});
