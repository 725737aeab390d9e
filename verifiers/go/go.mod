module sealgate

go 1.19
