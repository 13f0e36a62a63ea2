import { expect, test } from "vitest";
import { digestUnderToken } from "../../durable-objects/webex-site/code-digest.ts";

test.each(["OPERATOR_TOKEN", "OPERATORS"])("under %s, a secret has the same digest in each life", async (name) => {
  const of = async (token: string, text: string) => (await digestUnderToken({ [name]: token }))(text);

  expect(await of("token", "tulip-7")).toBe(await of("token", "tulip-7"));
  expect(await of("token", "tulip-7")).not.toBe(await of("token", "tulip-8"));
  expect(await of("other", "tulip-7")).not.toBe(await of("token", "tulip-7"));
  expect(atob(await of("token", "tulip-7"))).toHaveLength(32);
});

test("without a token or people, digests are empty", async () => {
  const of = await digestUnderToken({ OPERATOR_TOKEN: "" });

  expect(await of("tulip-7")).toBe("");
});
