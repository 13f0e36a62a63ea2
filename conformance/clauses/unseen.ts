import { type Clause, GUIDE, HYBRID, REFERENCE, unseen } from "./clause.ts";

const overview = "Technical overview";

/** Documented facts that nobody sees from outside of an adapter, each with the reason. */
export const unseenClauses: readonly Clause[] = [
  unseen(
    "T2",
    "documented",
    overview,
    "HTTP or HTTPS, over the internet or a leased line",
    "the operator chooses it: play the kit against an https URL to see it",
  ),
  unseen(
    "T9",
    "documented",
    `${GUIDE}, Performance and Network / System Requirements`,
    "30 conferences a minute",
    "a run of its own: --load 30",
  ),
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
    "T34",
    "documented",
    `${GUIDE}, Transaction ID And Message ID Generations`,
    "TransIDs and MsgIDs count separately",
    "equal numbers in both do not show that one sequence makes them",
  ),
  unseen("T35", "inferred", "uniqueness of ids", "sequences go on over days and restarts", "a run is too short"),
  unseen(
    "T40",
    "inferred",
    "ids of WebEx come again each day",
    "TransIDs are known as repeats for less than 24 hours",
    "a run is too short",
  ),
  unseen(
    "T16",
    "inferred",
    "hosts come from the peer",
    "posts go to hosts of WebEx only",
    "the adapter's list of hosts is its own; the kit's hosts must be on it",
  ),
  unseen(
    "1.6",
    "documented",
    `${GUIDE}, Global Number Support`,
    "the page of telephone numbers accepts the variables in its URL",
    "a page for people, not an interface of the adapter",
  ),
  unseen(
    "2.3.2b",
    "documented",
    `${REFERENCE}, A2W_NotifyConferenceChange: status 5`,
    "Status 5 is MP",
    "no document says what it is",
  ),
  unseen(
    "2.3.11",
    "documented",
    `${REFERENCE}, A2W_CSPClientPassthrough`,
    "data of the partner's client go to WebEx",
    "the partner's client begins it; what comes of it is judged by 2.3.11:CSPClientPassthrough",
  ),
  unseen(
    "2.3.2c",
    "documented",
    `${HYBRID}, Status 6`,
    "connect data of hybrid audio are told by Status 6",
    "the partner begins it; what comes of it is judged by 2.3.2:NotifyConferenceChange",
  ),
  unseen(
    "4.20",
    "documented",
    `${GUIDE}, Call-in User Merge, Network Based Recording Support`,
    "the recorder dials in and names itself like a caller",
    "the adapter cannot tell it from a caller: 4.2 and 4.19 are its clauses",
  ),
];
