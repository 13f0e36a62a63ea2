import type { Telephones } from "./telephones.ts";

const why = "nobody is at a telephone: give --bridge or --by-hand";

function nobody(): never {
  throw new Error(why);
}

/** No telephones: clauses that need one cannot be tested. */
export const noTelephones: Telephones = {
  isPerson: false,
  settleMs: 0,
  cannot: () => why,
  dialIn: nobody,
  press: nobody,
  talk: nobody,
  hangUp: nobody,
  number: nobody,
  called: nobody,
  calledAgain: nobody,
  pickUp: nobody,
  isUp: nobody,
  hears: nobody,
  hadTone: nobody,
  lock: nobody,
  end: nobody,
  delayBridge: async () => {},
};
