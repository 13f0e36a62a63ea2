"""Imaginary telephones, moved by the control requests of docs/bridge-protocol.md. In a bridge of your own, the switch tells
`Bridge` what these tell it."""
import asyncio
import secrets

ANSWERS = {"outcome": "answer", "afterMs": 50}
REASONS = {"busy": "busy", "reject": "rejected", "invalid": "invalid-number", "no-answer": "no-answer"}


class Telephones:
    def __init__(self, bridge):
        self.bridge = bridge
        self.plans = {}  # How a number takes a call: digits -> {"outcome": "busy", "afterMs": 50}.
        self.heard = {}  # What was said to callers: call -> announcements.
        self.holding, self.held = False, []  # Commands that are slow, each with its agent.

    def ring(self, call, wait_ms):
        plan = self.plans.get(call["number"], ANSWERS)
        outcome, after_ms = plan["outcome"], plan["afterMs"]
        if outcome == "no-answer" or after_ms >= wait_ms:
            outcome, after_ms = "no-answer", wait_ms
        asyncio.get_running_loop().call_later(after_ms / 1000, self.rung, call, outcome)

    def rung(self, call, outcome):
        if call["stage"] != "ringing":
            return  # It was cancelled.
        if outcome == "answer":
            call["stage"] = "answered"
            self.bridge.tell("answered", call=call["call"], conference=call["conference"])
        else:
            self.hang_up(call, REASONS[outcome])

    def hang_up(self, call, reason):
        self.bridge.end(call, reason)
        self.bridge.tell("ended", call=call["call"], conference=call["conference"], reason=reason)

    def press(self, call, keys):
        if keys and call["stage"] in ("prompted", "entered"):
            if call["stage"] == "prompted":
                call["keys"] = (call["keys"] + keys)[-200:]
            self.bridge.tell("keys", call=call["call"], keys=keys)

    def hear(self, call, announcement):
        """Your switch plays it, until a key is pressed."""
        self.heard.setdefault(call, []).append(announcement)

    def hold_up(self, agent, message):
        """Whether this waits, as for a slow switch."""
        if self.holding and message["type"] == "command":
            self.held.append((agent, message))
            return True
        return False

    def request(self, method, path, body):
        try:
            return "200 OK", self.carry_out(method, path, body)
        except KeyError as error:
            return "404 Not Found", {"error": f"there is no {error}"}

    def carry_out(self, method, path, body):
        bridge = self.bridge
        match [method, *path.strip("/").split("/")]:
            case ["POST", "calls"]:
                id = f"in-{bridge.boot_id}-{secrets.token_hex(8)}"  # Never used twice, not even after a restart.
                call = bridge.new_call(id, "prompted", "in", body["from"], dialled=body.get("to", ""))
                bridge.tell("prompted", call=id, number=call["number"], dialled=call["dialled"])
                self.press(call, body.get("keys", ""))
                return {"id": id}
            case ["POST", "calls", id, "keys"]:
                self.press(bridge.calls[id], body["keys"])
            case ["POST", "calls", id, "talking"]:
                bridge.calls[id]["voice"] = body["talking"]
                bridge.tell_who_talks()
            case ["POST", "calls", id, "hang-up"]:
                stage = bridge.calls[id]["stage"]
                if stage != "ended":
                    self.hang_up(bridge.calls[id], "rejected" if stage == "ringing" else "hung-up")
            case ["POST", "conferences", key, "lock"]:
                bridge.conferences[key]["locked"] = body["locked"]
                bridge.tell("lock-changed", conference=key, locked=body["locked"])
            case ["POST", "conferences", key, "end"]:
                bridge.end_conference(key)
                bridge.tell("conference-ended", conference=key)
            case ["GET", "calls", id, "heard"]:
                return {"heard": self.heard.get(bridge.calls[id]["call"], [])}
            case ["PUT", "numbers", digits]:
                self.plans[digits] = {**ANSWERS, **body}
            case ["PUT", "faults"]:
                self.holding = body.get("hold", False)
                held, self.held = self.held, []
                for agent, message in held:
                    bridge.receive(agent, message)
                if body.get("down"):
                    for agent in list(bridge.agents):
                        bridge.leave(agent)
            case _:
                raise KeyError(path)
        return {}
