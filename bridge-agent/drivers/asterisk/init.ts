import type { InitResult, InitValues } from "../driver.ts";
import { sampleConfig } from "./sample-config.ts";
import type { AsteriskSettings } from "./settings.ts";

/** Settings and sample configuration with one password, and one application. */
export function initAsterisk({
  settings,
  dialIn,
  password,
  folder,
}: InitValues<AsteriskSettings>): InitResult<AsteriskSettings> {
  const { url, user, application, endpoint } = settings;
  const { port, protocol } = new URL(url);
  const files = sampleConfig({
    ariUser: user,
    ariPassword: password,
    httpPort: Number(port || (protocol === "https:" ? 443 : 80)),
    ...(dialIn && { dialIn: Object.fromEntries(dialIn.map((number) => [number, application])) }),
  });
  return {
    settings: { type: "asterisk", url, user, password, application, endpoint, talking: settings.talking },
    files,
    next: `Asterisk's sample configuration is in ${folder}, with the same password in ari.conf as in the settings. Change what is marked with
"trunk" in pjsip.conf; then put the files into Asterisk's own folder, where those of before are kept, and restart Asterisk:

sudo install --backup --suffix=.before -o root -g asterisk -m 0640 ${folder}/*.conf /etc/asterisk/
sudo systemctl restart asterisk

After a later change of extensions.conf, asterisk -rx 'dialplan reload' is enough; of pjsip.conf, asterisk -rx 'module reload res_pjsip.so';
of ari.conf, asterisk -rx 'module reload res_ari.so'; neither ends calls.
`,
  };
}
