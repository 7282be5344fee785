@echo off
rem Runs JDiT: finds a JDK 25, builds if there is no build yet, and starts the application.
rem   JDIT_JAVA_HOME  the JDK to use, before JAVA_HOME, the java on the PATH and the usual places
rem   JDIT_JAVA_OPTS  further options for the JVM
rem   TORNADOVM_HOME  a TornadoVM SDK for JDK 25, for --backend tornado
setlocal
set "root=%~dp0"
set "jdk="

if not defined JDIT_JAVA_HOME goto search
call :consider "%JDIT_JAVA_HOME%"
if defined jdk goto found
echo jdit: JDIT_JAVA_HOME is not a JDK 25: %JDIT_JAVA_HOME%>&2
exit /b 1

:search
if defined JAVA_HOME call :consider "%JAVA_HOME%"
for /f "delims=" %%j in ('where java 2^>nul') do call :consider "%%~dpj.."
for /d %%d in ("%ProgramFiles%\Java\*" "%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" "%USERPROFILE%\.jdks\*") do call :consider "%%~d"
if defined jdk goto found
echo jdit: needs a JDK 25 and found none: install one, or set JAVA_HOME or JDIT_JAVA_HOME to it>&2
exit /b 1

:found
rem What the GPU engine needs is set up for the commands that use it; the others know nothing of it.
set "tornado="
set "tornado_version="
set "asked="
echo( %* | findstr /r /c:" doctor " >nul && set "asked=doctor"
echo( %* | findstr /r /c:" --backend[ =]tornado[ :]" >nul && set "asked=backend"
if not defined asked goto modules
if not defined TORNADOVM_HOME goto modules
if not exist "%TORNADOVM_HOME%\tornado-argfile" goto judged
for %%j in ("%TORNADOVM_HOME%\share\java\tornado\tornado-api-*-jdk25.jar" "%TORNADOVM_HOME%\share\java\tornado\tornado-api-*-jdk22plus.jar") do (
  set "tornado=%TORNADOVM_HOME%"
  set "tornado_version=%%~nj"
)
if defined tornado set "tornado_version=%tornado_version:tornado-api-=%"
:judged
if defined tornado goto modules
if "%asked%"=="doctor" goto modules
echo jdit: TORNADOVM_HOME is no TornadoVM SDK for JDK 25 with a tornado-argfile: %TORNADOVM_HOME%>&2
exit /b 1

:modules
set "application=dit"
if "%~1"=="bench" set "application=bench"
if exist "%root%bench\target\built" set "application=bench"
if defined tornado if not exist "%root%tensor\tornado\target\built" goto build
if exist "%root%%application%\target\built" goto run
:build
where mvn >nul 2>nul
if errorlevel 1 (
  echo jdit: needs Maven 3.8.7 or later to build itself, and found no mvn>&2
  exit /b 1
)
echo jdit: building JDiT, once>&2
set "JAVA25_HOME=%jdk%"
if not defined JAVA_HOME set "JAVA_HOME=%jdk%"
rem The variable is what makes Maven build the GPU engine too.
set "sdk=%TORNADOVM_HOME%"
if not defined tornado set "TORNADOVM_HOME="
call mvn -B -ntp -f "%root%pom.xml" -Dstyle.color=never -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dmaven.test.skip "-Dtornado.version=%tornado_version%" test-compile -pl %application% -am 1>&2
if errorlevel 1 (
  echo jdit: the build failed, for the reason above>&2
  exit /b 1
)
set "TORNADOVM_HOME=%sdk%"

:run
set "class_path="
for %%m in (tensor\core tensor\cpu nn diffusion weights-converter dit bench) do call :add "%root%%%m\target\classes"
set engine=-XX:+UseSerialGC
if not defined tornado goto start
call :add "%root%tensor\tornado\target\classes"
rem Java counts the arrays of TornadoVM as direct memory, which only the machine should limit.
set engine="@%tornado%\tornado-argfile" -XX:MaxDirectMemorySize=1t
:start
"%jdk%\bin\java.exe" %engine% -XX:MaxRAMPercentage=25 --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED %JDIT_JAVA_OPTS% -cp "%class_path%%root%%application%\target\lib\*" org.jdit.dit.cli.Main %*
exit /b %errorlevel%

:consider
if defined jdk exit /b
if not exist "%~1\bin\java.exe" exit /b
findstr /b /r /c:"JAVA_VERSION=.25[^0-9]" "%~1\release" >nul 2>nul
if not errorlevel 1 set "jdk=%~f1"
exit /b

:add
if exist "%~1" set "class_path=%class_path%%~1;"
exit /b
