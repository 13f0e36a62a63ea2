import { type Clause, GUIDE, REFERENCE, unseen } from "./clause.ts";

/** Documented facts that nobody sees from outside of an adapter, each with the reason. */
export const unseenClauses: readonly Clause[] = [
  unseen(
    "T10",
    "documented",
    `${GUIDE}, HTTP Request Target Machine`,
    "WebEx posts to the URL in its configuration",
    "a duty of WebEx; the kit does so",
  ),
  unseen(
    "T33",
    "documented",
    `${GUIDE}, Transaction ID And Message ID Generations`,
    "ids of TSP servers: server, second of the day, sequence",
    "a duty of WebEx; the kit makes its ids so",
  ),
  unseen(
    "T35",
    "inferred",
    "uniqueness of ids",
    "sequences go on over days and restarts",
    "a run is too short: compare the ids of two runs, with a restart of the adapter between them",
  ),
  unseen(
    "T40",
    "inferred",
    "ids of WebEx come again each day",
    "TransIDs are known as repeats for less than 24 hours",
    "a run is too short: post the same document a day later, with --shell",
  ),
  unseen(
    "T16",
    "inferred",
    "hosts come from the peer",
    "posts go to hosts of WebEx only",
    "the kit's hosts must be on the adapter's list: name another one, with --shell",
  ),
  unseen(
    "2.3.2b",
    "documented",
    `${REFERENCE}, A2W_NotifyConferenceChange: status 5`,
    "Status 5 is MP",
    "no document says what it is, or when it is told",
  ),
];
