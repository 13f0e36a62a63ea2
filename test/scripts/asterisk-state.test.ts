import { expect, test } from "vitest";
import { bridgeName, CALL_VARIABLE, type CallNotes } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { asteriskState } from "../../scripts/asterisk/asterisk-state.ts";
import type { ConfKey, RoomId } from "../../src/foundation/ids.ts";

interface Held {
  readonly bridges?: readonly { readonly room: string; readonly kind: "main" | "sub"; readonly channels: string[] }[];
  readonly channels?: readonly { readonly id: string; readonly name?: string; readonly notes?: Partial<CallNotes> }[];
}

const notes: CallNotes = {
  ...{ direction: "in", number: "14085550001", dialled: "1800", keys: "", conference: "555" as ConfKey, muted: false },
  ...{ joinTone: true, attendeeId: "444", extension: "", waitMs: 0, isDialled: false },
};

/** As an Asterisk would be shown that holds this, of the conference 555. */
function shown({ bridges = [], channels = [] }: Held) {
  const answers: Record<string, unknown> = {
    "/bridges": bridges.map(({ room, kind, channels: inside }) => ({
      id: `bridge-${room}`,
      name: bridgeName({ owner: "local/asterisk", conference: "555" as ConfKey, room: room as RoomId, kind }),
      channels: inside,
    })),
    "/channels": channels.map(({ id, name = `PJSIP/telephones-${id}` }) => ({
      ...{ id, name, state: "Up", caller: { number: "14085550009" } },
    })),
  };
  for (const { id, notes: written } of channels) {
    if (written) {
      const path = `/channels/${id}/variable?variable=${CALL_VARIABLE}`;
      answers[path] = { value: JSON.stringify({ ...notes, ...written }) };
    }
  }
  return asteriskState(async (path) =>
    path in answers ? Response.json(answers[path]) : new Response(null, { status: 404 }),
  );
}

test("a caller in a room is shown in it, with what was written down of it", async () => {
  const { conferences, calls } = await shown({
    bridges: [{ room: "main", kind: "main", channels: ["1"] }],
    channels: [{ id: "1", notes: { muted: true } }],
  });

  expect(conferences).toMatchObject([{ key: "555", rooms: [{ id: "main", kind: "main", calls: ["1"] }] }]);
  expect(calls).toMatchObject([
    { id: "1", number: "14085550001", conference: "555", state: "in-conference", room: "main", muted: true },
  ]);
});

test("a telephone of which no agent knows is shown as waiting; channels that are no telephone's are not shown", async () => {
  const { calls } = await shown({ channels: [{ id: "1" }, { id: "2", name: "Snoop/1-2" }] });

  expect(calls).toMatchObject([{ id: "1", number: "14085550009", conference: null, state: "prompted", room: null }]);
});

test("a room is shown though the main room of its conference is gone", async () => {
  const { conferences } = await shown({ bridges: [{ room: "r1", kind: "sub", channels: [] }] });

  expect(conferences).toMatchObject([{ key: "555", rooms: [{ id: "r1", kind: "sub" }] }]);
});
