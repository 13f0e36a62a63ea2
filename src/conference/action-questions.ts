import { counted } from "../foundation/text/counted.ts";
import type { ActionQuestion } from "./action-row.ts";

/** What is asked back before an action touches a whole conference: each says how many callers it touches. */
export const actionQuestions = {
  lock: {
    says: ({ confKey, callers }) => `Lock the conference ${confKey}? Nobody else gets in. ${whoStays(callers)}`,
    confirm: "Lock it",
  },
  unlock: {
    says: ({ confKey, callers }) => `Unlock the conference ${confKey}? Whoever dials in gets in. ${whoStays(callers)}`,
    confirm: "Unlock it",
  },
  "mute-all": {
    says: ({ muteAll }) =>
      muteAll === 0
        ? "Mute all? Nobody is there who would be muted."
        : `Mute ${counted(muteAll, "caller")}? Hosts are not muted.`,
    confirm: "Mute all",
  },
  "unmute-all": {
    says: ({ unmuteAll }) =>
      unmuteAll === 0
        ? "Unmute all? Nobody is there who would be unmuted."
        : `Unmute ${counted(unmuteAll, "caller")}? Everybody then hears what is said there.`,
    confirm: "Unmute all",
  },
  end: {
    says: ({ confKey, callers, away }) =>
      `End the conference ${confKey}? ${away ? awayText : callsThatEnd(callers)} It cannot be undone.`,
    confirm: "End it for everybody",
    isFinal: true,
  },
} satisfies Readonly<Record<string, ActionQuestion>>;

const awayText =
  "No agent reaches its bridge now: calls that are there end once one does. If the settings lack the bridge, the conference is over for WebEx at once, and nobody is hung up.";

function whoStays(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "Its one caller stays." : `Its ${callers} callers stay.`;
}

function callsThatEnd(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "The call of its one caller ends." : `The calls of its ${callers} callers end.`;
}
