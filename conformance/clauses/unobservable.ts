import { GUIDE, REFERENCE, unobservable } from "./clause.ts";

/** Documented rules that nobody can observe from outside of an adapter, each with the reason. */
export const unobservableClauses = [
  ...unobservable(`${GUIDE}, HTTP Request Target Machine`, {
    "T10: WebEx posts to the URL in its configuration": "a duty of WebEx; the kit does so",
  }),
  ...unobservable(`${GUIDE}, Transaction ID And Message ID Generations`, {
    "T33: ids of TSP servers are server, second of the day, sequence": "a duty of WebEx; the kit makes its ids so",
  }),
  ...unobservable(`${REFERENCE}, A2W_NotifyConferenceChange: status 5`, {
    "2.3.2b: Status 5 is MP": "no document says what it is or when it is sent",
  }),
];
