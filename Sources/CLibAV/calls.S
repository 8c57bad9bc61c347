// All functions of the headers: libav, librsvg and cairo are loaded at the first call of one (lazy_library.h).
#include "lazy_library.h"

library libieum-media.so

// clibav.h
calls clibav_decode_still, clibav_render_svg, clibav_image_free, clibav_version

// clibmedia.h
calls clibav_video_open, clibav_video_times, clibav_video_read, clibav_video_cost_of, clibav_video_close
calls clibav_planes_picture
calls clibav_sound_read, clibav_sound_free, clibav_probe, clibav_writer_open, clibav_writer_add_video
calls clibav_writer_add_sound, clibav_writer_start, clibav_writer_frame, clibav_writer_sound
calls clibav_writer_finish, clibav_writer_close, clibav_has_encoder

// clibpicture.h
calls clibpicture_encode_jpeg, clibpicture_free
