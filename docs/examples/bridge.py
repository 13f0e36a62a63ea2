#!/usr/bin/env python3
"""A bridge program to start from, in the generic bridge protocol (docs/bridge-protocol.md): python3 bridge.py 8790

Python 3.10 or newer, and nothing else. `websocket.py` beside it is the server, `telephones.py` the calls, which are
imaginary: put your switch in their place. All runs in one thread, so answers, events and states reach an agent in the
order in which they became true.
"""
import asyncio, contextlib, secrets, sys
from types import SimpleNamespace
from telephones import Telephones
from websocket import serve

# What your bridge cannot do, such as ["lock", "private-rooms"]. Refuse the commands for it as "not-supported".
CANNOT = []


class Refused(Exception):
    """A command that has changed nothing, and why."""


def need(is_so, otherwise):
    if not is_so:
        raise Refused(otherwise)


def said(command, *fields):
    return {field: command[field] for field in fields if field in command}


class Bridge:
    def __init__(self):
        self.boot_id = secrets.token_hex(4)  # Another one each time the program starts: its calls are gone then.
        self.conferences = {}  # By key, each as it stands in the state.
        self.calls = {}  # By id, likewise: an agent ignores the fields that do not belong to a call's stage.
        self.agents = []  # One for each open connection.
        self.telephones = Telephones(self)

    def carry_out(self, owner, key, command):
        """One command for this owner, each time it comes. Its answer tells what it has changed; no event does."""
        kind, call, conference = command["type"], self.calls.get(command.get("call")), self.conferences.get(key)
        held_by = conference["owner"] if conference else None
        need(owner is not None, "refused")  # The agent has not said `activate`.
        if kind == "create-conference" and "renews" not in command:
            need(held_by in (None, owner), "refused")
        elif kind != "expel" or key is not None:
            need(held_by == owner, "no-such-conference")
        if "call" in command and kind != "dial":
            # A caller at the prompt is in no conference: `admit` brings it in, and `expel` without a conference ends it.
            of = None if kind == "admit" and call and call["stage"] == "prompted" else key
            need(call and call["stage"] != "ended" and call["conference"] == of, "no-such-call")
        rooms = conference["rooms"] if conference else []
        room = next((each for each in rooms if each["id"] == command.get("room", "main")), None)
        match kind:  # Here your switch does what the records say.
            case "create-conference":  # One that is there takes what is said anew, and all else of it stays.
                new = {"conference": key, "owner": owner, "locked": False, "reportsSpeakers": False}
                made = self.conferences.setdefault(key, {**new, "rooms": [{"id": "main", "kind": "main"}]})
                made.pop("accessCodes", None)
                made.update(said(command, "anonymousId", "maxCallers", "accessCodes"))
            case "end-conference":
                self.end_conference(key)
            case "lock" | "unlock":
                conference["locked"] = kind == "lock"
            case "report-speakers" | "stop-reporting-speakers":
                conference["reportsSpeakers"] = kind == "report-speakers"
            case "create-room":
                if room is None:
                    rooms.append({"id": command["room"], "kind": command["kind"]})
            case "close-room":
                need(room and room["id"] != "main", "no-such-room")
                rooms.remove(room)
                for each in self.inside(key, room["id"]):
                    each["room"] = "main"
            case "dial":
                need(call is None or call["stage"] == "ended", "refused")
                digits = "".join(command["number"][part] for part in ("country", "area", "local"))
                call = self.new_call(command["call"], "ringing", "out", digits, conference=key)
                self.telephones.ring(call, command["waitMs"])
            case "cancel-dial":
                need(call["stage"] != "entered", "no-such-call")
                self.end(call, "cancelled")
            case "admit" | "move":
                is_new = call["stage"] == "prompted"
                need(call["stage"] != "ringing", "no-such-call")
                need(not (is_new and conference["locked"]), "locked")
                need(room, "no-such-room")
                need(not is_new or len(self.inside(key)) < (conference["maxCallers"] or sys.maxsize), "capacity")
                call.update(said(command, "muted", "joinTone", "attendeeId", "host"))
                call.update(stage="entered", conference=key, room=room["id"])
            case "mute" | "unmute":
                call["muted"] = kind == "mute"
            case "expel":
                self.end(call, "refused" if key is None else "expelled")
            case _:
                raise Refused("not-supported")

    def inside(self, key, room=None):
        inside = [call for call in self.calls.values() if call["conference"] == key and call["room"]]
        return [call for call in inside if room in (None, call["room"])]

    def new_call(self, id, stage, direction, number, dialled="", conference=None):
        self.calls.pop(id, None)  # The id of an ended call may be used again.
        self.calls[id] = {
            **{"call": id, "stage": stage, "direction": direction, "number": number, "dialled": dialled, "keys": ""},
            **{"conference": conference, "room": None, "muted": False, "joinTone": None, "attendeeId": None},
            **{"voice": False, "talking": False, "reason": None},
        }
        return self.calls[id]

    def end(self, call, reason):
        """Ended calls stay in the state for a while: so an agent that was away learns how they ended."""
        call.update(stage="ended", room=None, talking=False, reason=reason)
        self.calls[call["call"]] = self.calls.pop(call["call"])  # The latest last.
        for id in [id for id, each in self.calls.items() if each["stage"] == "ended"][:-1000]:
            del self.calls[id]

    def end_conference(self, key):
        for call in [each for each in self.calls.values() if each["conference"] == key and each["stage"] != "ended"]:
            self.end(call, "conference-ended")
        del self.conferences[key]

    def tell(self, type, **fields):
        """An event: to each agent, whosever it is."""
        for agent in self.agents:
            agent.send({"type": type, **fields})

    def tell_who_talks(self):
        for call in self.calls.values():
            conference = self.conferences.get(call["conference"])
            is_asked = conference is not None and conference["reportsSpeakers"]
            talking = is_asked and call["stage"] == "entered" and call["voice"] and not call["muted"]
            if is_asked and talking != call["talking"]:
                self.tell("talking", call=call["call"], conference=call["conference"], talking=talking)
            call["talking"] = talking

    async def connected(self, name, socket):
        for older in [each for each in self.agents if name is not None and each.name == name]:
            self.leave(older)  # The agent has connected anew: the network may not have told that this one is over.
        # For whom it acts, it says by `activate`.
        agent = SimpleNamespace(name=name, socket=socket, send=socket.send, owner=None, epoch=0)
        self.agents.append(agent)
        hello = {"type": "hello", "version": 3, "bootId": self.boot_id, "ports": None, "cannot": CANNOT}
        agent.send({**hello, "announces": True})
        try:
            async for message in socket.messages():
                self.receive(agent, message)
        finally:
            self.leave(agent)

    def leave(self, agent, code=None):
        if agent in self.agents:
            self.agents.remove(agent)
            agent.socket.close(code) if code else agent.socket.abort()

    def receive(self, agent, message):
        if agent not in self.agents or self.telephones.hold_up(agent, message):
            return  # What an agent has asked for that is gone by now never begins.
        match message["type"]:
            case "ping":
                agent.send({"type": "pong", "id": message["id"]})
            case "state":
                state = {"conferences": list(self.conferences.values()), "calls": list(self.calls.values())}
                agent.send({"type": "state", "id": message["id"], "state": state})
            case "activate":
                agent.owner, agent.epoch = message["owner"], message["epoch"]
                rivals = [each for each in self.agents if each is not agent and each.owner == agent.owner]
                is_late = any(each.epoch > agent.epoch for each in rivals)
                for loser in [agent] if is_late else rivals:
                    self.leave(loser, 4001)
            case "announce":
                if agent.owner is not None and message["call"] in self.calls:
                    self.telephones.hear(message["call"], message["announcement"])
            case "command":
                try:
                    self.carry_out(agent.owner, message["conference"], message["command"])
                    agent.send({"type": "done", "id": message["id"]})
                except Refused as refused:
                    agent.send({"type": "refused", "id": message["id"], "reason": str(refused)})
                self.tell_who_talks()  # After the answer: a mute or `report-speakers` changes who is heard.
            case other:
                raise ValueError(f"there is no message {other}")  # Ends the connection.


bridge = Bridge()
with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(serve(int(sys.argv[1]), "/bridge", bridge.connected, bridge.telephones.request))
