import type { EdgeObjects, OperatorViews } from "../../src/rpc/edge-objects.ts";
import type { ConferenceWorld } from "../durable-objects/conference-world.ts";

/** What the edge asks of a conference for people. */
export type RealConference = ReturnType<OperatorViews["conference"]> &
  Pick<ReturnType<EdgeObjects["conference"]>, "operate" | "sendAgain">;

/** The conference of a world, as the edge reaches it. The world's time goes on while it does what an operator asks. */
export function realConference(world: ConferenceWorld): RealConference {
  return {
    view: async () => world.conference.view(),
    entered: async () => world.conference.entered(),
    story: (from) => world.conference.story(from),
    action: async (id) => world.conference.action(id),
    givenUp: async (row) => world.conference.givenUp(row),
    explain: (...asked) => world.conference.explain(...asked),
    replay: async (...page) => JSON.stringify(await world.conference.replay(...page)),
    wire: async (rows) => JSON.stringify(await world.conference.wire(rows)),
    testRows: async (from) => JSON.stringify(await world.conference.testRows(from)),
    operate: (action) => world.during(world.conference.operate(action)),
    sendAgain: (...asked) => world.during(world.conference.sendAgain(...asked)),
  };
}
