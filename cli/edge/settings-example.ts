import { samples } from "../../src/settings/example.ts";

/** A whole settings file of an edge with one domain. Its key and secret are those of the documents, which are refused until they are replaced. */
export function settingsExample(domain: string): string {
  return `// The edge, and all domains that it serves. Checked by \`bridgehead check\`; read by \`systemctl restart bridgehead-edge\`.
{
  "host": "127.0.0.1", // A proxy with TLS stands in front: see /usr/share/doc/bridgehead-edge/examples.
  "port": 8787,
  "trustedProxies": [], // ["127.0.0.1"] once the proxy sets X-Forwarded-For itself, as our samples do: until then all who ask through it are one.
  "state": "/var/lib/bridgehead-edge", // Every conference lies here.
  "operators": { "people": [] }, // Who has a token of his own: a line of bridgehead operator NAME for each.
  "domains": {
    "${domain}": {
      "webex": {
        "hosts": ["*.webex.com"], // Only these are posted to.
        "scheme": "auto", // https on port 443.
        "path": "/",
        "timeoutMs": 10000,
        "attempts": 3,
        "retryDelaysMs": [0, 2000]
      },
      // The last part of the adapter URL, https://HOST/tsp/${domain}/SECRET. Your own: openssl rand -hex 11
      "adapterSecrets": ["${samples.secret.value}"],
      "bridges": [
        {
          "name": "main",
          "agents": [
            // The key that this prints beside the bridge: bridgehead-agent key
            { "name": "agent-1", "publicKey": "${samples.key.value}" }
          ]
        }
      ],
      "transactionMemoryMs": 7200000,
      "closedMemoryMs": 3600000,
      "journalRetentionDays": 7,
      "createTimeoutMs": 15000,
      "keypad": { "merge": "*1", "mute": "*6" },
      "rateLimitPerMinute": 60000,
      "logs": { "personal": false }
    }
  }
}
`;
}
