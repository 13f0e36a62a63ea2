// Two scenarios for sipp, for telephones that call and for telephones that are called. They leave each step to the test: over sipp's
// connection for "third party call control" the test says `Do: …` and hears `Says: …`, for each call by its Call-ID. Sound is not
// sipp's: the session description names a port at which the test itself hears and speaks.

/** With which a telephone here refuses. sipp wants each in its scenario, and has 19 labels at most. */
const refusals = [404, 480, 486, 503, 603] as const;
export type Refusal = (typeof refusals)[number];

/** With which a call may be refused. */
const refusalsThere = [400, 401, 403, 404, 408, 410, 415, 480, 484, 486, 487, 488, 500, 501, 503, 600, 603];

const sessionDescription = (direction: string) => `Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [$audio] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=${direction}
`;
const withAudio = sessionDescription("sendrecv");
const noContent = "Content-Length: 0\n";

const theirAudio = `<ereg regexp="m=audio ([0-9]+)" search_in="body" check_it="true" assign_to="whole,theirs"/>`;

const callerHeaders = (to: string) => `From: <sip:[$number]@[local_ip]:[local_port]>;tag=[call_id]
To: ${to}
Contact: <sip:[$number]@[local_ip]:[local_port]>`;
const dialled = "sip:[$dialled]@[remote_ip]:[remote_port]";

const waitForAnswer = `<recv response="100" optional="true"/>
<recv response="183" optional="true"/>
<recv response="180" optional="true" next="${id("ringing")}"/>
<recv response="200" optional="true" rrs="true" next="${id("answered")}"><action>${theirAudio}</action></recv>
${refusalsThere.map((code) => `<recv response="${code}" optional="true" next="${id("refused")}">${statusOf()}</recv>`).join("\n")}
${awaitDo("(cancel)", "do")}`;

/** `call NUMBER-TO-DIAL OWN-NUMBER AUDIO-PORT` begins a call, `cancel` ends it before it is answered. */
export const callers = scenario(`
${awaitDo("call ([^ ]+) ([^ ]+) ([0-9]+)", "dialled,number,audio")}
${request(`INVITE ${dialled}`, "invite", "1 INVITE", callerHeaders(`<${dialled}>`), withAudio)}
${waitForAnswer}
<nop next="${id("cancel")}"/>

${label("ringing")}
${says("ringing")}
${waitForAnswer}

${label("cancel")}
${request(`CANCEL ${dialled}`, "invite", "1 CANCEL", callerHeaders(`<${dialled}>`), noContent)}
<recv response="200"/>
<recv response="487" next="${id("refused")}">${statusOf()}</recv>

${label("refused")}
${request(`ACK ${dialled}`, "invite", "1 ACK", callerHeaders("[$to]"), noContent)}
${says("refused [$status]")}
<nop next="${id("over")}"/>

${label("answered")}
${request("ACK [next_url]", "ack", "1 ACK", `From: <sip:[$number]@[local_ip]:[local_port]>;tag=[call_id]\n[last_To:]\n[routes]`, noContent)}
${says("answered [$theirs]")}
${inCall("From: <sip:[$number]@[local_ip]:[local_port]>;tag=[call_id]\n[last_To:]\n[routes]")}
<Reference variables="whole,do"/>
`);

const calleeHeaders = `[last_From:]
To: [$to];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[$number]@[local_ip]:[local_port]>`;

/** `ring`, `answer AUDIO-PORT` or `refuse STATUS` (one of `refusals`) for each call that says `called NUMBER AUDIO-PORT`. */
export const callees = scenario(`
<recv request="INVITE" rrs="true"><action>
  <ereg regexp="INVITE sip:([^@]+)@" search_in="msg" check_it="true" assign_to="whole,number"/>
  ${theirAudio}
  ${header("Via", "via")}${header("From", "from")}${header("To", "to")}
  <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" check_it="true" assign_to="sequence"/>
</action></recv>
${says("called [$number] [$theirs]")}
${label("wait")}
<recv request="CANCEL" optional="true" next="${id("cancelled")}"/>
${awaitDo("([a-z]+) ?([0-9]*)", "do,audio")}
${whenDo("ring", "ring")}
${whenDo("answer", "answer")}
${refusals.map((code) => `${whenSame("audio", `${code}`, refusalId(code))}`).join("\n")}
${refusals
  .map(
    (code) => `
<label id="${refusalId(code)}"/>
${response(`${code} No`, calleeHeaders, noContent)}
<recv request="ACK"/>
${says(`refused ${code}`)}
<nop next="${id("over")}"/>`,
  )
  .join("\n")}

${label("ring")}
${response("180 Ringing", calleeHeaders, noContent)}
<nop next="${id("wait")}"/>

${label("cancelled")}
${response("200 OK", "[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]", noContent)}
${response("487 Request Terminated", "From: [$from]\nTo: [$to];tag=[call_number]\nCall-ID: [call_id]\nCSeq: [$sequence] INVITE", noContent, "Via: [$via]")}
<recv request="ACK"/>
${says("cancelled")}
<nop next="${id("over")}"/>

${label("answer")}
${response("200 OK", calleeHeaders, withAudio)}
<recv request="ACK"/>
${says("answered [$theirs]")}
${inCall("From: [$to];tag=[call_number]\nTo: [$from]\n[routes]")}
<Reference variables="whole"/>
`);

/**
 * Runs `info KEY DURATION`, `invite DIRECTION` (`sendonly`: on hold) and `bye` until one side ends the call. sipp takes a command only
 * at a wait, and follows no jump to find one. So a wait follows each message, although this repeats the steps.
 */
function inCall(dialogHeaders: string): string {
  const hungUpMeanwhile = `<recv request="BYE" optional="true" next="${id("bye")}"/>
<recv response="481" optional="true" next="${id("gone")}"/>`;
  const wait = `<recv request="BYE" optional="true" next="${id("bye")}"/>
${awaitDo("([a-z]+) ?([0-9*#A-D]?) ?([a-z0-9-]*)", "do,key,rest")}
${whenDo("info", "info")}
${whenDo("invite", "invite")}`;
  const contact = "Contact: <sip:[$number]@[local_ip]:[local_port]>";
  return `
${wait}
<nop next="${id("hang-up")}"/>

${label("info")}
${request("INFO [next_url]", "[cseq]", "[cseq] INFO", dialogHeaders, "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=[$key]\nDuration=[$rest]\n")}
${hungUpMeanwhile}
<recv response="200"/>
${says("keyed")}
${wait}

${label("invite")}
${request("INVITE [next_url]", "[cseq]", "[cseq] INVITE", `${dialogHeaders}\n${contact}`, sessionDescription("[$rest]"))}
<recv response="100" optional="true"/>
<recv response="200"/>
${request("ACK [next_url]", "[cseq]-ack", "[cseq] ACK", dialogHeaders, noContent)}
${says("keyed")}
${wait}

${label("hang-up")}
${request("BYE [next_url]", "[cseq]", "[cseq] BYE", dialogHeaders, noContent)}
${hungUpMeanwhile}
<recv response="200"/>
${says("ended here")}
<nop next="${id("over")}"/>

${label("bye")}
${response("200 OK", "[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]", noContent)}
${label("gone")}
${says("ended there")}

${label("over")}
`;
}

function scenario(steps: string): string {
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="test">${steps}</scenario>\n`;
}

/** The branch is ours: in a loop, sipp's own would be the same each time. */
function request(line: string, branch: string, sequence: string, headers: string, rest: string): string {
  const via = `Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[call_id]-${branch}`;
  return send(
    `${line} SIP/2.0\n${via}\n${headers}\nCall-ID: [call_id]\nCSeq: ${sequence}\nMax-Forwards: 70\n${rest}`,
    !line.startsWith("ACK"),
  );
}

function response(status: string, headers: string, rest: string, via = "[last_Via:]"): string {
  return send(`SIP/2.0 ${status}\n${via}\n${headers}\n${rest}`, status === "200 OK" && rest === withAudio);
}

function send(message: string, repeat: boolean): string {
  return `<send${repeat ? ' retrans="500"' : ""}><![CDATA[\n${message}\n]]></send>`;
}

function says(what: string): string {
  return `<sendCmd><![CDATA[\nCall-ID: [call_id]\nSays: ${what}\n\n]]></sendCmd>`;
}

function awaitDo(pattern: string, variables: string): string {
  return `<recvCmd><action><ereg regexp="Do: ${pattern}" search_in="msg" check_it="true" assign_to="whole,${variables}"/></action></recvCmd>`;
}

function whenDo(word: string, next: LabelName): string {
  return whenSame("do", word, id(next));
}

function whenSame(variable: string, value: string, next: number): string {
  return `<nop><action>
  <strcmp assign_to="differs" variable="${variable}" value="${value}"/>
  <test assign_to="same" variable="differs" compare="equal" value="0"/>
</action></nop>
<nop next="${next}" test="same"/>`;
}

function statusOf(): string {
  return `<action><ereg regexp="SIP/2.0 ([0-9]+)" search_in="msg" check_it="true" assign_to="whole,status"/>${header("To", "to")}</action>`;
}

function header(name: string, variable: string): string {
  return `<ereg regexp=".*" search_in="hdr" header="${name}:" check_it="true" assign_to="${variable}"/>`;
}

type LabelName =
  | "wait"
  | "cancel"
  | "ringing"
  | "ring"
  | "refused"
  | "cancelled"
  | "answer"
  | "answered"
  | "hang-up"
  | "info"
  | "invite"
  | "bye"
  | "gone"
  | "over";

function label(name: LabelName): string {
  return `<label id="${id(name)}"/>`;
}

function id(name: LabelName): number {
  const names: readonly LabelName[] = [
    "wait",
    "cancel",
    "ringing",
    "ring",
    "refused",
    "cancelled",
    "answer",
    "answered",
    "hang-up",
    "info",
    "invite",
    "bye",
    "gone",
    "over",
  ];
  return names.indexOf(name) + 1;
}

function refusalId(code: Refusal): number {
  return 15 + refusals.indexOf(code);
}
