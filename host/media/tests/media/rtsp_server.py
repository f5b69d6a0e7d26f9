"""An RTSP server for tests: rtsp_server.py PORT (0 for any). Prints `ready PORT` when it listens.

/h264, /h265 and /jpeg are open; /secret asks for a login, user `me`, password `p@ss`.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
RAW = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 ! "
X264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
STREAMS = {
    "/h264": RAW + X264 + "h264parse ! rtph264pay name=pay0 pt=96",
    "/h265": RAW + "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h265parse ! rtph265pay name=pay0 pt=96",
    "/jpeg": RAW + "jpegenc ! rtpjpegpay name=pay0 pt=26",
    "/vp8": RAW + "vp8enc deadline=1 ! rtpvp8pay name=pay0 pt=96",
    "/secret": RAW + X264 + "h264parse ! rtph264pay name=pay0 pt=96",
}

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
mounts = server.get_mount_points()
for path, launch in STREAMS.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    permissions = GstRtspServer.RTSPPermissions()
    roles = ["user"] if path == "/secret" else ["user", "anonymous"]
    for role in roles:
        permissions.add_permission_for_role(role, "media.factory.access", True)
        permissions.add_permission_for_role(role, "media.factory.construct", True)
    factory.set_permissions(permissions)
    mounts.add_factory(path, factory)

auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(3)  # basic and digest
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "user")
auth.add_basic(GstRtspServer.RTSPAuth.make_basic("me", "p@ss"), token)
auth.add_digest("me", "p@ss", token)
anonymous = GstRtspServer.RTSPToken()
anonymous.set_string("media.factory.role", "anonymous")
auth.set_default_token(anonymous)
server.set_auth(auth)

server.attach(None)
print("ready", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
