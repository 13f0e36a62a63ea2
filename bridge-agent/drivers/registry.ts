import * as v from "valibot";
import { asterisk } from "./asterisk/driver.ts";
import type { DriverKind } from "./driver.ts";
import { generic } from "./generic.ts";

/** Each kind of driver, under the `type` of its settings. A new one is a line here, and a folder of its own. */
const registered = { generic, asterisk };

export type DriverType = keyof typeof registered;
type SettingsOf<Type extends DriverType> = v.InferOutput<(typeof registered)[Type]["settings"]>;
export type DriverSettings = SettingsOf<DriverType>;

export const drivers: { readonly [Type in DriverType]: DriverKind<SettingsOf<Type>> } = registered;

export const driverTypes = Object.keys(registered) as readonly DriverType[];

/** The `driver` of an agent's settings. */
export const driverSettings = v.variant(
  "type",
  Object.values(registered).map(({ settings }) => settings),
);

export function kindOf<Type extends DriverType>({ type }: SettingsOf<Type>): DriverKind<SettingsOf<Type>> {
  return drivers[type as Type];
}
