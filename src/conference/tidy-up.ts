import { endIfDeserted } from "./lifecycle.ts";
import { tidyTalk } from "./private-talk.ts";
import { closeIfEmpty } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";

/**
 * What follows from where things stand, whatever brought them there: a room that is to be closed is closed once nobody
 * is in it, a private talk that came to nothing is undone, a conference that nobody wants is ended.
 */
export function tidyUp(turn: Turn): void {
  for (const { room } of turn.rooms.values()) closeIfEmpty(turn, room);
  tidyTalk(turn);
  endIfDeserted(turn);
}
