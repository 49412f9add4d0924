module example.com/wsecho/wsecho/hub/natslog

go 1.26.0

replace example.com/wsecho => ../../..
