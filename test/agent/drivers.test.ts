import { expect, test } from "vitest";
import { drivers, driverTypes } from "../../bridge-agent/drivers/registry.ts";
import { initDefaults, settingsText } from "../../bridge-agent/service/init.ts";
import { readSettings } from "../../bridge-agent/service/settings.ts";

test.each(driverTypes)("the settings that init writes for the driver %s are its example, and right", (driver) => {
  const text = settingsText({ ...initDefaults, driver, edge: "wss://tsp.example.com", domain: "acme" });

  const settings = readSettings(text);

  expect(settings).toMatchObject({ ok: true, value: { driver: drivers[driver].example } });
  expect(drivers[driver].example.type).toBe(driver);
});
