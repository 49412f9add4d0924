module example.com/wsecho/example/metrics

go 1.26

replace example.com/wsecho => ../..
