import { NotTestable } from "../player/outcome.ts";
import { documented, GUIDE } from "./clause.ts";

/** As WebEx's telephony domain has them, with values of a meeting. */
const variables: Readonly<Record<string, string>> = {
  ParticipantCode: "9876543210",
  SubscriberCode: "1234567890",
  TollFreeNum: "8005550100",
  TollFreeNumCC: "1",
  TollNum: "4085550100",
  TollNumCC: "1",
};

/** What WebEx shows people by a link; it is no message of the adapter. */
export const globalNumbersClauses = [
  documented(
    "1.6",
    `${GUIDE}, Global Number Support`,
    "the page of telephone numbers is answered with the variables of a meeting in its URL, and with empty ones",
    async (stage) => {
      const { globalNumbers } = stage.options;
      if (globalNumbers === undefined)
        throw new NotTestable("no page of telephone numbers was named: --global-numbers does", "nothing");
      for (const values of [variables, {}]) {
        const url = globalNumbers.replaceAll(/%(\w+)%/g, (all, name: string) =>
          name in variables ? ((values as typeof variables)[name] ?? "") : all,
        );
        const { status } = await stage.ports.send({ method: "GET", url, body: "" });
        if (status !== 200) stage.fail(`${url} was answered by HTTP ${status}`);
      }
    },
  ),
];
