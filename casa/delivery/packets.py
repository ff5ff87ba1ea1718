"""What Socket.IO clients may say to CASA: text in the one namespace, and no reserved event."""

from typing import Any

from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT, Packet

# Handlers of these are called by the server; a client that could would be forgotten at will.
_RESERVED = ("connect", "disconnect", "connect_error")


class ClientPacket(Packet):  # type: ignore[misc]
    """Refuses what has no meaning here before anything is kept of it."""

    def decode(self, encoded_packet: Any) -> int:
        """
        Raises:
            ValueError: it is binary, which would wait for attachments, or no event of a client.
        """
        if not isinstance(encoded_packet, str):
            raise ValueError("binary")
        attachments = super().decode(encoded_packet)
        if attachments or self.packet_type in (BINARY_EVENT, BINARY_ACK):
            raise ValueError("binary")
        if self.packet_type == EVENT and not self._is_event():
            raise ValueError("no event of a client")
        return 0

    def _is_event(self) -> bool:
        data = self.data
        if not (isinstance(data, list) and data and isinstance(data[0], str)):
            return False
        return data[0] not in _RESERVED
