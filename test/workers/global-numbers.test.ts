import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("the runtime knows the countries' names and their order, and shows the numbers", async () => {
  const response = await exports.default.fetch("http://edge.example.com/global-numbers/local?participantcode=445566");
  const page = await response.text();

  expect(response.status).toBe(200);
  expect(page.match(/(?<=<h3[^>]*>)[^<]+/g)).toEqual(["Åland Islands", "Sweden", "Türkiye"]);
  expect(page).toContain("445566");
});
