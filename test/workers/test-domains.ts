import { localDomain } from "../../src/settings/local-domain.ts";

/** Test keys of RFC 8032, section 7.1; known to everyone and good for nothing else. */
export const agents = [
  {
    name: "agent-1",
    publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU",
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
  },
  {
    name: "agent-2",
    publicKey: "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
  },
] as const;

export const operatorToken = "test-operator-token";

/** A viewer of `local`; the hash of the token is written down, since this file is read before anything can be computed. */
export const viewerToken = "test-viewer-token";
export const operators = {
  people: [
    {
      name: "anna",
      tokenSha256: "04afacc947b28c94e15578a9db68c1d1bf775b3ff82bc88e31d4465f26bc0b42",
      role: "viewer",
      domains: ["local"],
    },
  ],
};

export const webhookSecret = "whsec_dHdlbnR5LWZvdXIgYnl0ZXMgb3IgbW9yZQ==";

/** The domains that the Worker under test serves: `local` with its bridge `simulated` and the two agents, above all. */
const local = localDomain({ agents: agents.map(({ name, publicKey }) => ({ name, publicKey })) });

export const domains = {
  /** With a receiver of webhooks. */
  harbour: {
    ...local,
    adapterSecrets: ["a".repeat(16)],
    webhooks: [{ url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_HARBOUR" }],
  },
  local: {
    ...local,
    globalNumbers: {
      TR: [{ number: "+90 00 0000 0100", kind: "toll" }],
      AX: [{ number: "+358 00 0000 0100", kind: "toll" }],
      SE: [{ number: "+46 8 465 004 10", kind: "toll" }],
    },
  },
};
