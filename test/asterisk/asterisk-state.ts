import {
  bridgeId,
  CALL_VARIABLE,
  readBridgeName,
  readCallNotes,
} from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { CommandId } from "../../src/foundation/ids.ts";

/** Asterisk serves 100 connections in all, and the agents want some. */
const READS_AT_ONCE = 10;

interface Bridge {
  readonly id: string;
  readonly name: string;
  readonly channels: readonly string[];
}

interface Channel {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly caller: { readonly number: string };
}

/** A request of ARI. */
type Ask = (path: string) => Promise<Response>;

/** What Asterisk holds for Bridgehead, read by ARI beside the driver, as the simulated bridge would show it. */
export async function asteriskState(ask: Ask): Promise<VisibleState> {
  const [bridges, channels] = await Promise.all([
    get<readonly Bridge[]>(ask, "/bridges"),
    get<readonly Channel[]>(ask, "/channels"),
  ]);
  const rooms = (bridges ?? []).flatMap(({ name, channels: calls }) => {
    const named = readBridgeName(name);
    return named ? [{ ...named, calls }] : [];
  });
  // One whose main room is gone is shown, too.
  const conferences = [...Map.groupBy(rooms, ({ conference }) => conference)].map(([key, held]) => ({
    key: key as string,
    locked: false,
    reportsSpeakers: false,
    rooms: held.map(({ room, kind, calls }) => ({ id: room as string, kind, calls })),
  }));
  const calls = await atMost(
    READS_AT_ONCE,
    (channels ?? []).map(({ id, name, state, caller }) => async () => {
      const variable = await get<{ readonly value: string }>(ask, `/channels/${id}/variable?variable=${CALL_VARIABLE}`);
      const notes =
        (variable && readCallNotes(variable.value)) ?? (name.startsWith("PJSIP/") && unnoted(caller.number));
      if (!notes) return [];
      const inside = rooms.find(({ calls }) => calls.includes(id));
      const outside = state === "Up" || notes.direction === "in" ? "prompted" : "ringing";
      return [
        {
          id: id as VisibleState["calls"][number]["id"],
          direction: notes.direction,
          number: notes.number,
          extension: notes.extension,
          conference: inside?.conference ?? notes.conference,
          state: inside ? ("in-conference" as const) : outside,
          room: inside?.room ?? null,
          muted: notes.muted,
          joinTone: notes.joinTone === true,
          talking: false,
          attendeeId: notes.attendeeId,
          endReason: null,
        },
      ];
    }),
  );
  return { conferences, calls: calls.flat() } as VisibleState;
}

/** Of a telephone of which no agent has written anything down. */
function unnoted(number: string) {
  return {
    direction: "in",
    number,
    extension: "",
    conference: null,
    muted: false,
    joinTone: null,
    attendeeId: null,
  } as const;
}

/** What the driver has done by making this bridge; `null`: the bridge is somebody else's. */
export function bridgeMade({ id, name }: { readonly id: string; readonly name: string }) {
  const named = readBridgeName(name);
  if (!named) return null;
  const { conference, kind, room } = named;
  const commandId = id.slice(bridgeId("" as CommandId).length) as CommandId;
  return { act: kind === "main" ? "create-conference" : "create-room", conference, room, commandId } as const;
}

async function atMost<Value>(count: number, tasks: readonly (() => Promise<Value>)[]): Promise<Value[]> {
  const done: Value[] = [];
  for (let next = 0; next < tasks.length; next += count) {
    done.push(...(await Promise.all(tasks.slice(next, next + count).map((run) => run()))));
  }
  return done;
}

/** `null`: it is gone meanwhile. */
async function get<Answer>(ask: Ask, path: string): Promise<Answer | null> {
  // Asterisk may close a connection that was kept just when it is used again.
  const answer = await ask(path).catch(() => ask(path));
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
