import { joined } from "../../durable-objects/platform/joined.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import { objectMethods } from "../../src/rpc/objects.ts";
import type { ConferenceWorld } from "../durable-objects/conference-world.ts";

type Method = (...asked: readonly unknown[]) => unknown;

/** What the edge asks of a conference. */
export type RealConference = Omit<ReturnType<EdgeObjects["conference"]>, "fetch">;

/** The conference of a world, as the edge reaches it. The world's time goes on while it does what an operator asks. */
export function realConference(world: ConferenceWorld): RealConference {
  const { conference } = world;
  const whole = joined(conference, conference.actions, conference.reader) as object as Readonly<Record<string, Method>>;
  const calls = Object.keys(objectMethods.conference).map((method) => [
    method,
    async (...asked: readonly unknown[]) => whole[method]?.(...asked),
  ]);
  return {
    ...Object.fromEntries(calls),
    operate: (action) => world.during(conference.actions.operate(action)),
    resync: (...asked) => world.during(conference.actions.resync(...asked)),
  };
}
