import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { RTP_PORTS_FOR_EACH_CALL } from "../../bridge-agent/drivers/asterisk/setup/doctor.ts";
import type { AgentSettingsInput } from "../../bridge-agent/service/settings.ts";
import { StartError } from "../../cli/edge/program.ts";
import { systemReason } from "../../cli/system-reason.ts";
import { portFrom } from "../local-settings.ts";
import type { Launch } from "../supervise.ts";
import { findAsterisk } from "../tools/find-asterisk.ts";
import { asteriskArguments, writeAsteriskFolder } from "./asterisk-folder.ts";

const host = "127.0.0.1";

/** What `npm start -- --bridge asterisk` is told by variables. All of it is on this machine. */
export interface AsteriskPlan {
  /** Where telephones call, by SIP over UDP. */
  readonly sipPort: number;
  /** The number that callers dial. */
  readonly dialIn: string;
  /** Where call-outs go. */
  readonly trunkPort: number;
  readonly rtpPorts: { readonly first: number; readonly last: number };
  /** Of Asterisk's REST interface. */
  readonly httpPort: number;
}

/** From the variables. Throws where one of them cannot be. */
export function asteriskPlan(): AsteriskPlan {
  const isPort = (port: number) => port >= 1 && port <= 65_535;
  const sipPort = portFrom("SIP_PORT", 15_060);
  const [dialIn = ""] = matching("DIAL_IN", "18005551234", /^\d{1,32}$/, "must be 1 to 32 digits");
  const loopback = `must be a port of ${host}, which alone may be called from here`;
  const trunkPort = Number(
    matching("SIP_TRUNK", `${host}:15070`, /^127\.0\.0\.1:(\d{1,5})$/, loopback, ([port]) => isPort(Number(port)))[1],
  );
  const least = "must be the first and the last port, at least 4 of them";
  const [, first = 0, last = 0] = matching("RTP_PORTS", "30000-30999", /^(\d{1,5})-(\d{1,5})$/, least, (ports) => {
    const [from = 0, to = 0] = ports.map(Number);
    return isPort(from) && isPort(to) && to - from >= 3;
  }).map(Number);
  if (trunkPort === sipPort) throw new StartError(`SIP_TRUNK and SIP_PORT must differ; they are both ${sipPort}`);
  for (const [name, port] of Object.entries({ SIP_PORT: sipPort, SIP_TRUNK: trunkPort })) {
    if (port < first || port > last) continue;
    throw new StartError(`${name} must be outside of RTP_PORTS; it is ${port}, and they are ${first}-${last}`);
  }
  return { sipPort, dialIn, trunkPort, rtpPorts: { first, last }, httpPort: portFrom("ASTERISK_HTTP_PORT", 18_088) };
}

function matching(
  variable: string,
  usual: string,
  pattern: RegExp,
  must: string,
  isRight = (_parts: readonly string[]) => true,
): readonly string[] {
  const found = pattern.exec(process.env[variable] || usual);
  if (found && isRight(found.slice(1))) return found;
  throw new StartError(`${variable} is "${process.env[variable]}"; it ${must}, for example ${usual}`);
}

/** Throws where the port is taken. */
export async function requireFreeSipPort(port: number): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((free, taken) => {
    socket.once("error", (error) =>
      taken(new StartError(`cannot listen on ${host}:${port} (${systemReason(error)}); set SIP_PORT to another port`)),
    );
    socket.bind({ port, address: host, exclusive: true }, free);
  });
  await new Promise<void>((closed) => socket.close(closed));
}

interface PreparedAsterisk {
  readonly version: string;
  readonly hasSounds: boolean;
  readonly launch: Launch;
  /** For the agent. */
  readonly driver: AgentSettingsInput["driver"];
}

/** Finds an Asterisk, or gets one, and writes its configuration into the folder, which has its state as well. */
export async function prepareAsterisk(folder: string, plan: AsteriskPlan): Promise<PreparedAsterisk> {
  const found = await findAsterisk();
  if (!found.ok) throw new StartError(`there is no Asterisk to start: ${found.error}`);
  const ariPassword = randomBytes(24).toString("base64url");
  const values = { ...plan, ariPassword, dialIn: { [plan.dialIn]: "bridgehead" } };
  try {
    writeAsteriskFolder(found.value, folder, values, { change: takeAnySoftPhone });
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw error;
    throw new StartError(
      `Asterisk cannot work in ${folder} (${systemReason(error)}); set BRIDGEHEAD_STATE to another folder`,
    );
  }
  return {
    version: found.value.version,
    hasSounds: found.value.sounds !== null,
    launch: { command: found.value.asterisk, args: asteriskArguments(folder), env: {} },
    driver: {
      type: "asterisk",
      url: `http://${host}:${plan.httpPort}/ari`,
      user: "bridgehead",
      password: ariPassword,
      callerId: plan.dialIn,
      ports: Math.floor((plan.rtpPorts.last - plan.rtpPorts.first + 1) / RTP_PORTS_FOR_EACH_CALL),
    },
  };
}

/** A soft phone may name an address of its own network, which cannot be reached from the loopback. */
function takeAnySoftPhone(files: Record<string, string>): void {
  files["pjsip.conf"] = files["pjsip.conf"]?.replace(/^rtp_symmetric = yes$/m, "$&\nrewrite_contact = yes") ?? "";
}
