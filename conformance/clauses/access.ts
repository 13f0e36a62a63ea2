import { inferred } from "./clause.ts";

const codes = "SubscriberCode and ParticipantCode of a create: the account has them, their names are assumed";
const sequences = "dial sequences of GetSessionInfo";

/** What else than the conference key leads into a conference. */
export const accessClauses = [
  inferred(
    "2.2.1f",
    codes,
    "who keys the participant code enters the conference",
    async (stage) => {
      const ParticipantCode = code(stage.numbers, "7");
      const conference = await stage.conference({ ParticipantCode });
      const one = await conference.callIn();
      const other = await conference.callIn(undefined, { code: ParticipantCode });
      await stage.people.hears(
        one.call,
        other.call,
        "one keyed the conference key, the other one the participant code",
      );
    },
    ["dial in", "hear"],
  ),
  inferred(
    "2.2.1g",
    codes,
    "who keys the subscriber code enters the conference, and is the host of a private talk",
    async (stage) => {
      const SubscriberCode = code(stage.numbers, "8");
      const conference = await stage.conference({ SubscriberCode });
      await conference.callIn();
      const host = await conference.callIn(undefined, { code: SubscriberCode });
      const invitee = await conference.callOut({ JoinMode: "0" });
      await stage.people.hears(host.call, invitee.call, "the host keyed the subscriber code");
    },
    ["dial in", "answer calls", "hear"],
  ),
  ...(
    [
      ["6.6a", "*00*{key}#{attendee}#"],
      ["6.6b", "*01*{key}#{attendee}#*01*"],
    ] as const
  ).map(([id, keys]) =>
    inferred(
      id,
      sequences,
      `a telephone that dials ${keys} by itself enters with its attendee ID`,
      async (stage) => {
        const conference = await stage.conference();
        await conference.dialIn("0045", { keys });
        stage.check(await conference.receives("A2W_NotifyUserEnter"), { AttendeeID: "0045" });
      },
      ["dial in", "key an attendee ID at entry"],
    ),
  ),
];

function code({ run, next }: { readonly run: string; next(): number }, first: string): string {
  return `${first}${run}${String(next()).padStart(4, "0")}`;
}
