import * as v from "valibot";
import { type DomainSettingsInput, domainSettings } from "./domain-settings.ts";
import { localDomain } from "./local-domain.ts";

interface Sample {
  readonly value: string;
  readonly is: string;
  /** What makes one of one's own. */
  readonly maker: string;
}

/** Everybody has these, and the private half of the key: they are refused. */
export const samples: Readonly<Record<"key" | "secret", Sample>> = {
  key: {
    value: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    is: "the sample key of the documents",
    maker: "your agent's command `key`",
  },
  secret: {
    value: "q3J8xWm0ZbV5tYk2",
    is: "the sample secret of the documents",
    maker: "`openssl rand -hex 11`",
  },
};

const local = localDomain({ agents: [{ name: "agent-1", publicKey: samples.key.value }] });

const defaults = Object.entries(v.getDefaults(domainSettings)).filter(([, value]) => value !== undefined);

/** A domain that has every setting; its key and its secret are refused until they are replaced. */
export const example: DomainSettingsInput = {
  ...local,
  ...Object.fromEntries(defaults),
  webex: {
    ...local.webex,
    hosts: ["*.webex.com"],
    from: ["192.0.2.0/24"],
    scheme: "auto",
    paths: ["/tsp"],
    servers: { "*.eu.webex.com": { scheme: "https", path: "/tsp/eu", paths: ["/tsp/eu"] } },
    gatherMs: 300,
  },
  keypad: { ...local.keypad, sequences: ["[AccessNumber],,*00*[AccessCode]#,,,[AttendeeID]#"] },
  recording: { number: { country: "1", area: "408", local: "5551234" }, sequence: "P15D[ConfKey]#P0" },
  hybrid: {
    clientUrl: "https://voice.example.com/client",
    connectData: "room=7",
    adhocInstall: true,
    appDetection: "voice.exe",
  },
  passthroughUrl: "https://voice.example.com/passthrough",
  webhooks: [{ url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_ACME" }],
  policy: { allow: ["+1", "+44"], deny: ["+1900"] },
  customerReference: "ACME-4711",
  globalNumbers: { GB: [{ number: "+44 20 7946 0100", kind: "toll", label: "London" }] },
  protocol: {
    elements: { W2A_UpdateUser: "W2A_MuteUser", A2W_RspUpdateUser: "A2W_RspMuteUser" },
    attributes: { SubConfID: "ExtSubConfID" },
    codes: { updateAction: { lock: 21 } },
    silent: ["A2W_RspUpdateConference"],
    hostName: true,
    closedAnswer: "always",
    host: { attendeeIds: ["1001"], extCallIds: ["123"] },
  },
  adapterSecrets: [samples.secret.value],
  logs: { personal: false, posts: false },
};
